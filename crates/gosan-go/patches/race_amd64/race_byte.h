// A word of the heap that has no record gets one, if the stack is known, and a record that
// differs in its bytes only gets this one too; what takes more
// is done on this stack, if that is enough; what follows is Go's own way to the
// object.  Offsets: see racectx.rs, frames.rs and stacks.rs; the record's layout:
// record.rs.
//
// QUICK is the function of the object, and RECORD the record's kind.
first:
other_byte:
	CMPQ	R8, 48(RARG0)	// heap_shadow
	JNE	slow
	MOVL	64(RARG0), R12	// segment
	TESTL	R12, R12
	JEQ	slow
	MOVQ	(RARG0), BX	// the innermost frame
	MOVQ	(g_stack+stack_hi)(R14), R10
	SUBQ	SP, R10
	CMPQ	8(BX), R10	// its distance
	JHI	slow	// frames are deeper
	MOVQ	(BX), BX	// its node
	MOVQ	(SP), R10
	MOVL	R10, CX
	SHRL	$3, CX
	ANDL	$3, CX
	MOVQ	32(BX)(CX*8), R11	// one of the events here lately
	MOVL	R11, R13
	CMPQ	R13, R10
	JEQ	known
	XORL	$1, CX
	MOVQ	32(BX)(CX*8), R11
	MOVL	R11, R13
	CMPQ	R13, R10
	JNE	slow
known:
	SHRQ	$32, R11
	SHLQ	$30, R11	// the stack
	LEAQ	RECORD(R11)(R12*1), R11	// the record, but for its bytes
	TESTQ	R9, R9
	JEQ	touch
	MOVQ	R9, R10
	XORQ	R11, R10
	SHLQ	$8, R10
	JNE	slow	// it differs in more than its bytes
	MOVQ	R9, R11
	JMP	replace
touch:
	MOVQ	AX, CX
	SHRQ	$16, CX
	ADDQ	96(RARG0), CX	// heap_touched
	CMPB	(CX), $0
	JNE	replace
	MOVB	$1, (CX)
replace:
	MOVL	AX, CX
	ORL	$~7, CX
	BTSQ	CX, R11	// the byte
	MOVQ	AX, R10
	ANDQ	$~7, R10
	MOVQ	AX, R13
	MOVQ	R9, AX
	LOCK
	CMPXCHGQ	R11, (R8)(R10*1)
	MOVQ	R13, AX
	JNE	slow
	RET
slow:
	MOVQ	AX, RARG1
	MOVQ	(SP), RARG2
	MOVQ	(g_stack+stack_hi)(R14), RARG3
	SUBQ	SP, RARG3
	MOVQ	AX, R13
	MOVQ	$QUICK(SB), AX
	CALL_QUICK(AX)
	MOVQ	R13, AX
	JEQ	other
	RET
other:
