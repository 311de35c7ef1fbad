module kernels.example

go 1.24
