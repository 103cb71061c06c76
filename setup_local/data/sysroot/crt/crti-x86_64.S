/* Where the functions of .init and .fini begin: the link puts this object first and crtn last. */
    .section .note.GNU-stack,"",@progbits
    .section .init,"ax",@progbits
    .globl _init
    .hidden _init
    .type _init,@function
_init:
    subq $8, %rsp
    .section .fini,"ax",@progbits
    .globl _fini
    .hidden _fini
    .type _fini,@function
_fini:
    subq $8, %rsp
