using OnnxIntervene.Fuzz;

if (FuzzOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(FuzzOptions.Usage);
    return 2;
}

if (options.Worker is null)
    return new Supervisor(options).Run();
using var worker = new Worker(options);
worker.Run();
return 0;
