// Which values a chart's templates read, by Go's own parser; standard library alone.
module chartgen/tests/reads

go 1.26.0
