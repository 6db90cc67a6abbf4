// Folders are each fixture's own; tests that set the current folder say so with NonParallelizable.
[assembly: Parallelizable(ParallelScope.Fixtures)]
