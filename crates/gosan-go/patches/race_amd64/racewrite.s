// The usual case first: a record of the goroutine's present segment stands for
// a write to this byte.  What follows is Go's own way to the object.
// Offsets: see racectx.rs; the record's layout: see record.rs.
TEXT	runtime·racewrite<ABIInternal>(SB), NOSPLIT, $0-8
	MOVQ	g_racectx(R14), RARG0
	CMPQ	AX, runtime·racearenastart(SB)
	JB	data
	CMPQ	AX, runtime·racearenaend(SB)
	JAE	data
	TESTQ	RARG0, RARG0
	JEQ	done
	MOVQ	48(RARG0), R8	// heap_shadow
look:
	MOVQ	AX, R9
	ANDQ	$~7, R9
	MOVQ	(R8)(R9*1), R9	// the cell
	MOVL	R9, R10
	XORL	64(RARG0), R10	// segment
	XORL	$0x10000000, R10
	TESTL	$0x3fffffff, R10	// the same, and the kind is a plain write
	JNE	slow
	MOVL	AX, CX
	ORL	$~7, CX	// bit 56 + the number of the byte
	BTQ	CX, R9
	JCC	slow
done:
	RET
data:
	CMPQ	AX, runtime·racedatastart(SB)
	JB	done
	CMPQ	AX, runtime·racedataend(SB)
	JAE	done
	TESTQ	RARG0, RARG0
	JEQ	done
	MOVQ	56(RARG0), R8	// data_shadow
	JMP	look
slow:
