module gojqbench

go 1.26.0

require (
	github.com/itchyny/gojq v0.12.20
	golang.org/x/sys v0.50.0
)

require github.com/itchyny/timefmt-go v0.1.9 // indirect
