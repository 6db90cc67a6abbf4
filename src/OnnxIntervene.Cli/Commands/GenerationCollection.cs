using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using OnnxIntervene.Cli.Output;
using OnnxIntervene.Execution;
using OnnxIntervene.Formats;
using OnnxIntervene.Generation;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning.Files;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Cli.Commands;

/// <summary>Components whose values are written to a file while text is generated.</summary>
internal sealed class GenerationCollection
{
    private const string PositionsName = "positions";

    private readonly Option<string[]> _components = new("--collect")
    {
        Description =
            "Write this component's values to --out, at the positions that --phase, --from, --to, --every and "
            + "--at-tokens choose, as the interventions leave them. Names are those of collect --component; can be "
            + "given several times.",
    };
    private readonly Option<string?> _layers = new("--collect-layers")
    {
        Description = "The layers of what is collected, such as 0-5,7. Default: all.",
    };
    private readonly Option<string?> _output = new("--out") { Description = "The .safetensors file of --collect." };

    private ImmutableArray<RepresentationConfig> _sites = [];

    public void AddTo(Command command)
    {
        command.Add(_components);
        command.Add(_layers);
        command.Add(_output);
        command.Validators.Add(result =>
        {
            var isCollecting = EitherOptions.IsGiven(result, _components);
            if (isCollecting != EitherOptions.IsGiven(result, _output))
                result.AddError($"{_components.Name} and {_output.Name} go together.");
            if (!isCollecting && EitherOptions.IsGiven(result, _layers))
                result.AddError($"{_layers.Name} goes with {_components.Name}.");
            if (
                result.GetValue(_output) is { } path
                && !path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)
            )
                result.AddError($"{_output.Name} '{path}': the file must end in .safetensors.");
        });
    }

    /// <summary>The file's interventions, and after them those that collect.</summary>
    /// <exception cref="InterventionException">The model has no such component.</exception>
    public RunFile Add(ParseResult arguments, RunFile file, LoadedModel model)
    {
        var layers = NumberRanges.Parse(arguments.GetValue(_layers), _layers.Name);
        var names = arguments.GetValue(_components) ?? [];
        if (names.Length == 0)
            return file;
        _sites = CollectCommand.Sites(model, names, layers);
        return file.Followed(_sites);
    }

    /// <summary>A source for each intervention, where there are several: what collects has none.</summary>
    public static IReadOnlyList<ModelInputs?>? Sources(IReadOnlyList<ModelInputs?>? sources, RunFile file) =>
        sources is { Count: > 1 } && file.Config.Representations.All(item => item.GroupKey is null)
            ? [.. sources, .. file.Config.Representations.Skip(sources.Count).Select(_ => (ModelInputs?)null)]
            : sources;

    /// <summary>The schedule for each intervention, where one is given: what collects has no coefficient.</summary>
    public GenerationOptions Scheduled(GenerationOptions options, RunFile file) =>
        options.Schedules is not [var schedule]
            ? options
            : options with
            {
                Schedules =
                [
                    .. file.Config.Representations.SkipLast(_sites.Length).Select(_ => schedule),
                    .. _sites.Select(_ => schedule with { Coefficients = CoefficientSchedule.Constant }),
                ],
            };

    /// <summary>
    /// Writes what was collected, as <c>collect</c> does: <c>[text, position, width]</c> for each component and layer,
    /// the tokens, and their positions. Of several texts each has tensors of its own, which begin with <c>text.N.</c>.
    /// </summary>
    public void Save(ParseResult arguments, ImmutableArray<GeneratedText> texts, IntervenableModel model)
    {
        if (arguments.GetValue(_output) is not { } path)
            return;
        var tensors = new Dictionary<string, NumericArray>(StringComparer.Ordinal);
        foreach (var (index, text) in texts.Index())
        {
            var prefix = texts.Length == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"text.{index}.");
            foreach (var (site, values) in _sites.Zip(text.Collected.TakeLast(_sites.Length)))
            {
                if (values.Values() is not { } array)
                    continue;
                tensors[$"{prefix}{CollectCommand.Name(site)}"] = array.Reshape([1, .. array.Shape]);
                tensors[$"{prefix}{ModelInputs.TokenInput}"] = Row(values.Tokens);
                tensors[$"{prefix}{PositionsName}"] = Row(values.Positions);
            }
        }

        if (tensors.Count == 0)
            throw new InterventionException(
                "Nothing was collected: no token that was read is among those that --phase, --from, --to, --every and "
                    + "--at-tokens choose."
            );
        var metadata = new Dictionary<string, string> { ["model"] = Path.GetFileName(model.File.Path) };
        SafetensorsFile.Write(path, tensors, metadata);
        Terminal.Of(arguments).Error.WriteLine($"Wrote {path}");
    }

    private static NumericArray Row(ImmutableArray<int> numbers) =>
        NumericArray.Of(numbers.Select(number => (long)number).ToArray(), 1, numbers.Length);
}
