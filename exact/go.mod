module exact.example/gosan

go 1.24
