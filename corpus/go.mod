module corpus.example/gosan

go 1.24
