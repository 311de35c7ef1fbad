// Command empty does nothing: what is left is the start-up and the exit.
package main

func main() {}
