#define UNLIKE(record)	XORL	$0x10000000, record; TESTL	$0x3fffffff, record	// a write
#define KNOWN	56
#define NOTED_BY(note)	MOVL	note, CX; XORL	64(RARG0), CX; TESTL	$0x0fffffff, CX; JNE	slow
#define RECORD	0x10000000
