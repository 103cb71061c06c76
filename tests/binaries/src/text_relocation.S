/* Code with an absolute address, which the loader must write into it. */
    .text
    .globl PyInit__shared
    .type PyInit__shared, @function
PyInit__shared:
    leaq address(%rip), %rax
    ret
address:
    .quad puts
    .size PyInit__shared, . - PyInit__shared
    .section .note.GNU-stack,"",@progbits
