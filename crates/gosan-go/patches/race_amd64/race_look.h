// The usual case first: a record of the goroutine's present segment stands for
// this access to the byte at AX.  What follows is for all others: AX is as it was
// and the context is in RARG0.
// Offsets: see racectx.rs; the record's layout: see record.rs.
//
// UNLIKE leaves zero where a record is of the same segment and of a kind that will
// do, and KNOWN is where the bytes that are known begin in an entry of recent.rs.
	HEAP_SHADOW
look:
	MOVQ	AX, R9
	ANDQ	$~7, R9
	MOVQ	(R8)(R9*1), R9	// the cell
	MOVL	R9, R10
	XORL	64(RARG0), R10	// segment
	UNLIKE(R10)
	JNE	several
	MOVL	AX, CX
	ORL	$~7, CX	// bit 56 + the number of the byte
	BTQ	CX, R9
	JCC	slow
done:
	RET
data:
	DATA_SHADOW
several:
	MOVQ	R9, R10
	SHRQ	$56, R10
	JNE	slow	// a record of somebody else, or of another kind
	BTRQ	$55, R9	// whoever owns the box
	MOVL	R9, R10
	ANDL	$0x7fffffff, R10
	JEQ	set
	SHLQ	$5, R10
	ADDQ	72(RARG0), R10	// the box, see boxes.rs
	MOVQ	(R10), R11
	MOVQ	R11, CX
	SHRQ	$40, CX
	MOVQ	R9, BX
	SHRQ	$31, BX
	CMPL	CX, BX
	JNE	slow	// in another generation
	ANDL	$0xfffff, R11	// the number of records
	JEQ	slow
	CMPL	R11, $6
	JHI	many
	JMP	record
set:
	TESTQ	R9, R9
	JEQ	slow	// no record at all
	MOVQ	R9, R10
	SHRQ	$(31-5), R10
	ADDQ	80(RARG0), R10	// the set, see sets.rs
	SUBQ	$16, R10	// as if it had a box's header
	MOVL	$4, R11
record:
	MOVQ	8(R10)(R11*8), BX
	MOVL	BX, CX
	XORL	64(RARG0), CX	// segment
	UNLIKE(CX)
	JNE	next
	MOVL	AX, CX
	ORL	$~7, CX
	BTQ	CX, BX
	JCS	again
next:
	DECL	R11
	JNE	record
	JMP	slow
many:
	// It may be remembered that one of them stands for the access: recent.rs.
	MOVL	R9, R10
	XORL	64(RARG0), R10	// segment
	ANDL	$1023, R10
	SHLQ	$5, R10
	ADDQ	88(RARG0), R10	// known
	MOVQ	(R10), R11	// version
	BTL	$0, R11
	JCS	slow
	CMPQ	R9, 8(R10)
	JNE	slow
	MOVL	64(RARG0), CX	// segment
	CMPQ	CX, 16(R10)
	JNE	slow
	MOVQ	24(R10), BX
	CMPQ	R11, (R10)
	JNE	slow
	MOVL	AX, CX
	ANDL	$7, CX
	ADDL	$KNOWN, CX
	BTQ	CX, BX
	JCC	slow
again:
	// What was looked through may have become another word's meanwhile.
	MOVQ	AX, R10
	ANDQ	$~7, R10
	MOVQ	(R8)(R10*1), R10
	BTRQ	$55, R10
	CMPQ	R9, R10
	JNE	slow
	RET
