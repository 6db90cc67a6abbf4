// Fixtures do not share anything; those that count sessions or memory say so with NonParallelizable.
[assembly: Parallelizable(ParallelScope.Fixtures)]
