using System.Collections.Immutable;
using System.CommandLine;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Studies.Reading;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Writes the values of components in a run to a file.</summary>
internal static class CollectCommand
{
    public static Command Create()
    {
        var command = new Command(
            "collect",
            "Write components' values at every position to a file. Example: onnx-intervene collect --component "
                + "block_output --layers 0-5 --base \"The Space Needle\" --out values.safetensors"
        );
        var (model, texts) = (new ModelOptions(), new TextOptions());
        var components = new Option<string[]>("--component")
        {
            Description = "A component, TransformerLens' name of one, or any tensor's name; may be repeated.",
            Required = true,
        };
        var layers = new Option<string?>("--layers") { Description = "Layers, such as 0-5,7. Default: all." };
        var output = new Option<string>("--out")
        {
            Description = "The file: .safetensors, or .npy for one component ([layer, batch, …]).",
            Required = true,
        };
        var batch = BatchOption();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        model.AddTo(command);
        texts.AddTo(command, sources: false);
        command.Add(components);
        command.Add(layers);
        command.Add(output);
        command.Add(batch);
        command.Add(json);
        command.SetAction(
            (arguments, cancellation) =>
            {
                var path = arguments.GetValue(output)!;
                var names = arguments.GetValue(components)!;
                CheckPath(path, names);
                using var loaded = model.Load(arguments);
                var sites = Sites(loaded, names, NumberRanges.Parse(arguments.GetValue(layers), "--layers"));
                var inputs = texts.Base(arguments, loaded);
                var options = new CollectionOptions { BatchSize = arguments.GetValue(batch), Parts = $"{path}.parts" };
                var collected = Collect(Terminal.Of(arguments), loaded, sites, inputs, options, cancellation);
                Save(path, loaded, inputs, sites, collected);
                if (Directory.Exists(options.Parts))
                    Directory.Delete(options.Parts, recursive: true);
                Write(Terminal.Of(arguments), path, sites, collected, arguments.GetValue(json));
                return Task.FromResult(ExitCodes.Done);
            }
        );
        return command;
    }

    private static Option<int> BatchOption()
    {
        var batch = new Option<int>("--batch")
        {
            Description = "How many examples of --base-file run together; what is done is kept, and gone on from.",
            DefaultValueFactory = _ => new CollectionOptions().BatchSize,
        };
        batch.Validators.Add(result => NumberOptions.Require(result, 1, int.MaxValue));
        return batch;
    }

    private static ImmutableArray<NumericArray> Collect(
        Terminal terminal,
        LoadedModel model,
        ImmutableArray<RepresentationConfig> sites,
        ModelInputs inputs,
        CollectionOptions options,
        CancellationToken cancellation
    )
    {
        using var progress = new ProgressLine(terminal.Error, "Collecting, examples");
        try
        {
            return ComponentCollection.Run(
                model,
                new IntervenableConfig { Representations = sites },
                inputs,
                options,
                progress,
                cancellation
            );
        }
        catch (OperationCanceledException fault) when (Directory.Exists(options.Parts))
        {
            throw StudyCancelledException.Of(options.Parts!, fault);
        }
    }

    private static void CheckPath(string path, string[] names)
    {
        var isNumpy = path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase);
        if (!isNumpy && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new InterventionException($"--out '{path}': the file must end in .safetensors or .npy.");
        if (isNumpy && names.Length > 1)
            throw new InterventionException("A .npy file holds one component; use .safetensors for several.");
    }

    /// <summary>What reads components: one of layers in each of them, a tensor's name once.</summary>
    internal static ImmutableArray<RepresentationConfig> Sites(
        LoadedModel model,
        string[] names,
        ImmutableArray<int> layers
    )
    {
        return
        [
            .. names
                .SelectMany(name => model.Components.AddressesOf(name, layers))
                .Select(site => new RepresentationConfig
                {
                    Layer = site.Layer,
                    Component = site.FullName,
                    Unit = model.Components.Get(site).Unit,
                    InterventionType = InterventionType.Collect,
                }),
        ];
    }

    /// <summary>What a component's values are called in a file.</summary>
    internal static string Name(RepresentationConfig site) => $"{site.Component}.{site.Layer}";

    private static void Save(
        string path,
        LoadedModel model,
        ModelInputs inputs,
        ImmutableArray<RepresentationConfig> sites,
        ImmutableArray<NumericArray> collected
    )
    {
        if (path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
        {
            NumpyFile.Write(
                path,
                NumericArray.Of(
                    collected.SelectMany(array => array.FloatMemory.ToArray()).ToArray(),
                    [collected.Length, .. collected[0].Shape]
                )
            );
            return;
        }

        var tensors = sites.Zip(collected).ToDictionary(pair => Name(pair.First), pair => pair.Second);
        var metadata = new Dictionary<string, string> { ["model"] = Path.GetFileName(model.File.Path) };
        if (inputs.Arrays.TryGetValue(ModelInputs.TokenInput, out var tokens))
        {
            tensors[ModelInputs.TokenInput] = tokens;
            metadata["tokens"] = JsonText.Of(tokens.Row(0).Integers.ToArray().Select(id => model.TokenText((int)id)));
        }

        SafetensorsFile.Write(path, tensors, metadata);
    }

    private static void Write(
        Terminal terminal,
        string path,
        ImmutableArray<RepresentationConfig> sites,
        ImmutableArray<NumericArray> collected,
        bool asJson
    )
    {
        if (asJson)
        {
            terminal.Output.WriteJson(
                JsonText.Of(
                    new
                    {
                        File = path,
                        Tensors = sites.Zip(collected, (site, array) => new { Name = Name(site), array.Shape }),
                    }
                )
            );
            return;
        }

        terminal.WriteTable(
            ["tensor", "shape"],
            sites.Zip(collected, (site, array) => new[] { Name(site), $"[{string.Join(", ", array.Shape)}]" })
        );
        terminal.Output.WriteLine($"Wrote {path}");
    }
}
