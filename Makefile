# A thin front of tools/dev, which says what each step does.

.PHONY: build test test-long demo clean
build test test-long demo clean:
	@tools/dev $@
