module example.test/negroni

go 1.24

require (
	github.com/unrolled/secure v1.17.0
	github.com/urfave/negroni/v3 v3.1.2
)
