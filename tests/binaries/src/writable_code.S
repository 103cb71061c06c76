/* Code in a section that is also writable. */
    .section .both,"awx",@progbits
    .globl PyInit__shared
    .type PyInit__shared, @function
PyInit__shared:
    leaq counter(%rip), %rax
    ret
counter:
    .quad 0
    .size PyInit__shared, . - PyInit__shared
    .data
    .quad puts
    .section .note.GNU-stack,"",@progbits
