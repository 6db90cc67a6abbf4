// Commands get writers and folders of their own; tests that set what a process has once say so with NonParallelizable.
[assembly: Parallelizable(ParallelScope.Fixtures)]
