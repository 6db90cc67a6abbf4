using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions;
using OnnxIntervene.IR;
using OnnxIntervene.Planning;
using OnnxIntervene.Steering;

namespace OnnxIntervene.Chat;

/// <summary>
/// Chooses a request's interventions: its own, or the client's vectors with its coefficients, or the client's. Equal
/// choices one after the other are the same object. Safe for concurrent use.
/// </summary>
internal sealed class SteeringChoice
{
    private readonly LoadedModel _model;
    private readonly ChatSteering? _steering;
    private readonly ImmutableSortedDictionary<string, SteeringVector> _vectors;
    private readonly SteeringManner _manner;
    private readonly ImmutableSortedDictionary<string, float> _coefficients;
    private volatile VectorSum _last;

    /// <exception cref="InterventionException">Something does not fit the model.</exception>
    public SteeringChoice(LoadedModel model, SteeredChatOptions options)
    {
        _model = model;
        _vectors = options.Vectors.ToImmutableSortedDictionary(StringComparer.Ordinal);
        _manner = options.Manner;
        if (options.Steering is not null && !_vectors.IsEmpty)
            throw new InterventionException("A chat client takes steering vectors or other steering, not both.");
        if (_manner.Clamp is not null)
            throw new InterventionException("A clamp has no coefficient to be set; give it as other steering.");
        foreach (var vector in _vectors.Values)
            vector.Require(model.Components);
        _steering = RequireOwn(options.Steering);
        _coefficients = Checked(options.Coefficients.ToImmutableSortedDictionary(StringComparer.Ordinal));
        _last = Sum(_coefficients);
    }

    /// <summary>The interventions of a request.</summary>
    /// <exception cref="InterventionException">The request names what the client does not have.</exception>
    public ChatSteering Of(ChatOptions? options) =>
        options?.AdditionalProperties?.GetValueOrDefault(ChatOptionsSteering.Key) switch
        {
            null => _steering ?? Vectors(_coefficients),
            ChatSteering steering => RequireOwn(steering)!,
            { } given => Vectors(_coefficients.SetItems(Checked(CoefficientsOf(given)))),
        };

    private ChatSteering Vectors(ImmutableSortedDictionary<string, float> coefficients)
    {
        var last = _last;
        if (!last.Coefficients.SequenceEqual(coefficients))
            _last = last = Sum(coefficients);
        return last.Steering;
    }

    // A vector that is not added is not in the graph.
    private VectorSum Sum(ImmutableSortedDictionary<string, float> coefficients)
    {
        var added = coefficients
            .Where(entry => entry.Value != 0)
            .Select(entry => (Representations: _vectors[entry.Key].Acting(_manner), Strength: entry.Value))
            .ToList();
        var config = new IntervenableConfig { Representations = [.. added.SelectMany(part => part.Representations)] };
        ImmutableArray<Coefficient> strengths =
        [
            .. added.SelectMany(part => part.Representations.Select(_ => Coefficient.Of(part.Strength))),
        ];
        return new VectorSum(
            coefficients,
            new ChatSteering(_model.With(config)) { Settings = new RunSettings { Coefficients = strengths } }
        );
    }

    private ImmutableSortedDictionary<string, float> Checked(ImmutableSortedDictionary<string, float> coefficients)
    {
        foreach (var (name, coefficient) in coefficients)
        {
            if (!_vectors.ContainsKey(name))
                throw new InterventionException(
                    $"There is no steering vector '{name}'; "
                        + (_vectors.IsEmpty ? "the client has none." : $"there are {Names()}.")
                );
            if (!float.IsFinite(coefficient))
                throw new InterventionException($"The coefficient of '{name}' is {coefficient}, not a finite number.");
        }

        return coefficients;
    }

    private string Names() => string.Join(", ", _vectors.Keys.Select(name => $"'{name}'"));

    private ChatSteering? RequireOwn(ChatSteering? steering) =>
        steering is null || ReferenceEquals(steering.Model.Loaded, _model)
            ? steering
            : throw new InterventionException(
                "The steering belongs to another loaded model than the chat client's; make it with the client's model "
                    + "(LoadedModel.With)."
            );

    private static ImmutableSortedDictionary<string, float> CoefficientsOf(object given)
    {
        if (given is IEnumerable<KeyValuePair<string, float>> coefficients)
            return coefficients.ToImmutableSortedDictionary(StringComparer.Ordinal);
        return JsonSerializer.SerializeToNode(given) is JsonObject members
            ? members.ToImmutableSortedDictionary(
                member => member.Key,
                member => Number(member.Key, member.Value),
                StringComparer.Ordinal
            )
            : throw new InterventionException(
                $"'{ChatOptionsSteering.Key}' is a {given.GetType().Name}; coefficients by the names of vectors are "
                    + $"expected ({{\"joy\": 4}}), or a {nameof(ChatSteering)}."
            );
    }

    private static float Number(string name, JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.Number
            ? float.Parse(node.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture)
            : throw new InterventionException($"The coefficient of '{name}' is no number: {node?.ToJsonString()}.");

    private sealed record VectorSum(ImmutableSortedDictionary<string, float> Coefficients, ChatSteering Steering);
}
