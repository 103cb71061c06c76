/* Where the functions of .init and .fini end. */
    .section .note.GNU-stack,"",@progbits
    .section .init,"ax",@progbits
    addq $8, %rsp
    ret
    .section .fini,"ax",@progbits
    addq $8, %rsp
    ret
