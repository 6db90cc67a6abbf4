using System.Collections.Immutable;
using System.Globalization;
using OnnxIntervene.IR;
using OnnxIntervene.Steering;

namespace OnnxIntervene.Cli.Commands;

/// <summary>
/// The steering vectors of a conversation, by the names of their files, and how strongly each is added.
/// </summary>
internal sealed class SteeringDial
{
    /// <exception cref="InterventionException">Two files have one name.</exception>
    public SteeringDial(
        IReadOnlyList<string> files,
        IReadOnlyList<SteeringVector> vectors,
        IReadOnlyList<float> coefficients
    )
    {
        var names = files.Select(file => Path.GetFileNameWithoutExtension(file)).ToList();
        if (names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new InterventionException(
                $"Two steering vectors are named '{twice.Key}', as their files are; rename one of the files."
            );
        Vectors = names.Zip(vectors).ToImmutableSortedDictionary(pair => pair.First, pair => pair.Second);
        Coefficients = names.Zip(coefficients).ToImmutableSortedDictionary(pair => pair.First, pair => pair.Second);
    }

    /// <summary>The vectors.</summary>
    public ImmutableSortedDictionary<string, SteeringVector> Vectors { get; }

    /// <summary>Each vector's coefficient now.</summary>
    public ImmutableSortedDictionary<string, float> Coefficients { get; private set; }

    /// <summary>The coefficients of the vectors that are added.</summary>
    public ImmutableSortedDictionary<string, float> Added =>
        Coefficients.RemoveRange(Coefficients.Where(entry => entry.Value == 0).Select(entry => entry.Key));

    /// <summary>Sets a coefficient as the user writes it: the name, then the number.</summary>
    /// <exception cref="InterventionException">There is no such vector, or no number.</exception>
    public void Set(string text)
    {
        var space = text.LastIndexOf(' ');
        var name = space < 0 ? text : text[..space].Trim();
        if (!Vectors.ContainsKey(name))
            throw new InterventionException(
                $"There is no steering vector '{name}'; "
                    + (
                        Vectors.IsEmpty
                            ? "start the conversation with --vector FILE."
                            : $"there are {string.Join(", ", Vectors.Keys)}."
                    )
            );
        if (space < 0 || NumberOptions.Finite(text[(space + 1)..]) is not { } coefficient)
            throw new InterventionException($"Give the coefficient of '{name}' as a number: /steer {name} 4");
        Coefficients = Coefficients.SetItem(name, coefficient);
    }

    /// <summary>A line for each vector: its name, coefficient and place.</summary>
    public IEnumerable<string> Lines() =>
        Vectors.Select(entry =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{entry.Key} {Coefficients[entry.Key]} ({entry.Value.Component}, layers "
            ) + $"{string.Join(", ", entry.Value.Directions.Keys)})"
        );
}
