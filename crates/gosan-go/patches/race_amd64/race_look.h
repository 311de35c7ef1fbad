// The usual case first: a record of the goroutine's present segment stands for
// this access to the byte at AX.  What follows is for all others: at first where the word
// has no record, at other_byte where it has one of this segment that is of other bytes,
// with the cell in R9; else at slow.  AX is as it was, the context is in RARG0 and the
// shadow's bias in R8.
// Offsets: see racectx.rs; the layouts of a record and a cell: record.rs, cell.rs.
//
// UNLIKE leaves zero where a record is of the same segment and of a kind that will
// do, NOTED_BY goes to slow where what somebody else has noted is not looked into, and
// KNOWN is where the bytes that are known begin in an entry of recent.rs.
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
	JCC	other_byte
done:
	RET
data:
	DATA_SHADOW
several:
	MOVQ	R9, R10
	SHRQ	$56, R10
	JNE	note
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
box:
	MOVQ	R11, R12	// what the box's header was
	ANDL	$0xfffff, R11	// the number of records
	JEQ	slow
	CMPL	R11, $6
	JHI	many
	JMP	record
note:
	MOVQ	R9, R10
	SHRQ	$30, R10
	MOVL	R10, CX
	ANDL	$0x3000000, CX
	CMPL	CX, $0x1000000
	JNE	slow	// a record of somebody else, or of another kind
	NOTED_BY(R9)
	ANDL	$0xffffff, R10
	SHLQ	$5, R10
	ADDQ	72(RARG0), R10	// the box
	MOVQ	(R10), R11
	JMP	box
set:
	TESTQ	R9, R9
	JEQ	first	// no record at all
	MOVQ	R9, R10
	SHRQ	$(31-5), R10
	ADDQ	80(RARG0), R10	// the set, see sets.rs
	SUBQ	$16, R10	// as if it had a box's header
	MOVQ	(R10), R12
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
	MOVQ	R11, R12	// which again compares
	MOVL	AX, CX
	ANDL	$7, CX
	ADDL	$KNOWN, CX
	BTQ	CX, BX
	JCC	slow
again:
	// What was looked through may have become another word's meanwhile: then the cell
	// has changed, or what a note names has.
	MOVQ	AX, R11
	ANDQ	$~7, R11
	MOVQ	(R8)(R11*1), R11
	BTRQ	$55, R11
	CMPQ	R9, R11
	JNE	slow
	CMPQ	R12, (R10)
	JNE	slow
	RET
