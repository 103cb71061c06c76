/* Functions for AArch64 that need more than ARMv8.0, one that does not, and data that looks like such instructions. */
    .arch armv8.2-a+lse+dotprod+sve
    .text
    .macro function name, instruction:vararg
    .globl \name
    .type \name, %function
\name:
    \instruction
    ret
    .size \name, . - \name
    .endm
    function old, add w0, w0, w1
    function add_at_once, ldadd w0, w0, [x1]
    function swap, swpal x0, x0, [x1]
    function compare_and_swap, casal x0, x1, [x2]
    function compare_pairs, casp x0, x1, x2, x3, [x4]
    function dot, sdot v0.4s, v1.16b, v2.16b
    function dot_of_element, udot v0.2s, v1.8b, v2.4b[1]
    function scalable, ptrue p0.b
data:
    .word 0xb8200020, 0x04000000
