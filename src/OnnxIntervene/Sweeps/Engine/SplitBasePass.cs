using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Runtime;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Sweeps.Engine;

/// <summary>Runs all bases through the parts of one layer after the other, and keeps what cells start from.</summary>
internal sealed class SplitBasePass(SweepSetting setting, SplitLayers layers, BaseStates states)
{
    private readonly TokenRuns _runs = new();
    private readonly RowToken[] _tokens =
    [
        .. Enumerable
            .Range(0, setting.Bases.Length)
            .SelectMany(index => Enumerable.Range(0, setting.Length).Select(at => new RowToken(index, at))),
    ];

    /// <summary>What the sites read, <c>[base × unit, …]</c>.</summary>
    public Dictionary<ComponentAddress, NumericArray> Reads { get; } = [];

    /// <summary>Computes a layer from its stream.</summary>
    public void Run(int number, CancellationToken cancellation)
    {
        var layer = layers[number];
        var stream = new TokenInput(
            layer[LayerPart.Projection].Spliced.Boundaries[layer.Start],
            [states.Width],
            token => states.From(number, token.Row, token.Position)[..states.Width]
        );
        foreach (
            var (name, values) in layer.Projections.Zip(
                Tokens(layer, LayerPart.Projection, [stream], layer.Projections, cancellation)
            )
        )
            states.KeepBetween(number, name, values);
        Mix(number, layer, cancellation);
        var mixed = Between(number, layer.Mixed);
        string[] end = [layer[LayerPart.Transition].Spliced.Boundaries[layer.End]];
        stream = stream with { Name = layer[LayerPart.Transition].Spliced.Boundaries[layer.Start] };
        states.Keep(number + 1, Tokens(layer, LayerPart.Transition, [stream, mixed], end, cancellation)[0]);
    }

    private TokenInput Between(int layer, string name)
    {
        var shape = states.ShapeBetween(layer, name);
        var size = shape.Aggregate(1, (product, axis) => product * axis);
        return new TokenInput(name, shape, token => states.Between(layer, name, token.Row, token.Position)[..size]);
    }

    // Outputs are [base, position, …] again.
    private List<NumericArray> Tokens(
        SplitLayer layer,
        LayerPart part,
        TokenInput[] inputs,
        IReadOnlyList<string> outputs,
        CancellationToken cancellation
    )
    {
        var session = layer[part];
        var sites = session.Spliced.Sites;
        var parts = outputs.Concat(sites.Select(site => site.Read!)).Select(_ => new List<NumericArray>()).ToList();
        _runs.Run(
            session,
            _tokens,
            inputs,
            some => [.. sites.Select(site => Reading(GridOf(site.Site.Address), some))],
            [.. outputs, .. sites.Select(site => site.Read!)],
            (_, results) =>
            {
                for (var index = 0; index < parts.Count; index++)
                    parts[index].Add(results[index].Array);
            },
            cancellation
        );
        var all = parts.ConvertAll(NumericArray.Joined);
        foreach (var (site, read) in sites.Zip(all.Skip(outputs.Count)))
            Reads[site.Site.Address] = read;
        return [.. all.Take(outputs.Count).Select(Shaped)];
    }

    private NumericArray Shaped(NumericArray tokens) =>
        tokens.Reshape([setting.Bases.Length, setting.Length, .. tokens.Shape.AsSpan()[2..]]);

    private void Mix(int number, SplitLayer layer, CancellationToken cancellation)
    {
        var session = layer[LayerPart.Mixing];
        var sites = session.Spliced.Sites;
        var count = setting.Bases.Length;
        var projections = layer.Projections.Select(name => KeyValuePair.Create(name, states.AllBetween(number, name)));
        var given = layer.MixingInputs(projections, count, setting.Length);
        given.Add(ModelInputs.TokenInput, states.Tokens);
        string[] outputs = [session.Spliced.Boundaries[layer.MixedAddress], .. layer.Presents];
        var results = session.Run(
            ModelInputs.Of(given),
            [.. sites.Select(site => GridOf(site.Site.Address).ReadAll(count))],
            [.. outputs, .. sites.Select(site => site.Read!)],
            cancellation
        );
        states.KeepBetween(number, layer.Mixed, results[0]);
        if (!layer.Presents.IsEmpty)
            states.KeepPresents(number, results[1], results[2]);
        foreach (var (site, read) in sites.Zip(results.Skip(outputs.Length)))
            Reads[site.Site.Address] = read;
    }

    private static SiteFeed Reading(UnitGrid grid, RowToken[] tokens) =>
        new()
        {
            ReadLocations = tokens
                .SelectMany(
                    (token, row) =>
                        grid.UnitsAt(token.Position).SelectMany(unit => grid.Location(row, unit, token.Position))
                )
                .ToArray(),
        };

    private UnitGrid GridOf(ComponentAddress site) => setting.Grids[setting.Sites.IndexOf(site)];
}
