/* Assembler code that says nothing about the stack, which a linker takes for the wish that it be executable. */
    .text
    .globl libressl_cpu
    .type libressl_cpu, @function
libressl_cpu:
    xorl %eax, %eax
    ret
    .size libressl_cpu, . - libressl_cpu
