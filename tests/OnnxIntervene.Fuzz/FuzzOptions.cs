using System.Globalization;

namespace OnnxIntervene.Fuzz;

/// <summary>What the command line asks for.</summary>
internal sealed record FuzzOptions
{
    public const string Usage = """
        dotnet run -c Release --project tests/OnnxIntervene.Fuzz -- [options]

          --seed N       where the random numbers begin (1)
          --count N      how many mutants are tried (20000)
          --minutes M    stop after so long, whatever the count
          --only NAME    one reader: model, run, tokenizer, config, interventions, pyvene, map, lora, safetensors, npy, npz,
                         torch, gguf, inputs; several with commas between
          --workers N    processes (one for each core)
          --out FOLDER   where findings are kept (a folder for temporary files)

        Exit code 1 when there is a finding. A finding is kept as READER/KIND_in_TYPE_METHOD with the smallest file found.
        """;

    public int Seed { get; init; } = 1;

    public long Count { get; init; } = 20_000;

    public double? Minutes { get; init; }

    public string[] Only { get; init; } = [];

    public int Workers { get; init; } = Environment.ProcessorCount;

    public string Out { get; init; } = Path.Combine(Path.GetTempPath(), "onnx-intervene-findings");

    /// <summary>Which worker this process is; null for the one that starts them.</summary>
    public int? Worker { get; init; }

    /// <summary>The first mutant that a worker tries.</summary>
    public long From { get; init; }

    /// <summary>Where a worker keeps its files while it works.</summary>
    public string Scratch { get; init; } = "";

    /// <summary>The options of a command line; null where it cannot be read.</summary>
    public static FuzzOptions? Parse(string[] arguments)
    {
        var options = new FuzzOptions();
        for (var index = 0; index < arguments.Length; index += 2)
        {
            if (index + 1 == arguments.Length || With(options, arguments[index], arguments[index + 1]) is not { } next)
                return null;
            options = next;
        }

        return options;
    }

    /// <summary>The command line of a worker.</summary>
    public IEnumerable<string> ForWorker(int worker, long from, string scratch) =>
        [
            "--seed",
            Text(Seed),
            "--count",
            Text(Count),
            "--workers",
            Text(Workers),
            "--out",
            Out,
            "--worker",
            Text(worker),
            "--from",
            Text(from),
            "--scratch",
            scratch,
            .. Only.Length == 0 ? Array.Empty<string>() : ["--only", string.Join(',', Only)],
        ];

    private static FuzzOptions? With(FuzzOptions options, string name, string text) =>
        name switch
        {
            "--out" => options with { Out = Path.GetFullPath(text) },
            "--scratch" => options with { Scratch = text },
            "--only" => options with { Only = text.Split(',') },
            "--minutes" when double.TryParse(text, CultureInfo.InvariantCulture, out var number) => options with
            {
                Minutes = number,
            },
            _ when !long.TryParse(text, CultureInfo.InvariantCulture, out var number) || number < 0 => null,
            "--seed" => options with { Seed = (int)long.Parse(text, CultureInfo.InvariantCulture) },
            "--count" => options with { Count = long.Parse(text, CultureInfo.InvariantCulture) },
            "--workers" => options with { Workers = Math.Max(1, int.Parse(text, CultureInfo.InvariantCulture)) },
            "--worker" => options with { Worker = int.Parse(text, CultureInfo.InvariantCulture) },
            "--from" => options with { From = long.Parse(text, CultureInfo.InvariantCulture) },
            _ => null,
        };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
