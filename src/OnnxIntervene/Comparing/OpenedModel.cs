using System.Collections.Immutable;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Execution;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;
using OnnxIntervene.Runtime;
using OnnxIntervene.Splicing;
using OnnxIntervene.Tensors;

namespace OnnxIntervene.Comparing;

/// <summary>
/// A model of which every compared component can be read, and written where it was opened for that. One session serves
/// every run. Owns a lease of it.
/// </summary>
internal sealed class OpenedModel : IDisposable
{
    private readonly LoadedModel _model;
    private readonly SessionLease _lease;
    private readonly string? _output;

    public OpenedModel(LoadedModel model, IEnumerable<ComponentAddress> addresses, bool writes)
    {
        var type = writes ? InterventionType.Vanilla : InterventionType.Collect;
        _model = model;
        _lease = model.Lease([.. addresses.Select(address => new SpliceSite(address, type))]);
        _output =
            model.Model.Graph.Outputs is [{ Type: { } output } first, ..] && output.ElementType.IsFloat()
                ? first.Name
                : null;
    }

    /// <summary>The numbers of the components in the order in which the graph computes them.</summary>
    public ImmutableArray<int> Order => Session.Spliced.Order;

    /// <summary>The first output; null where it does not hold floating-point numbers.</summary>
    public string? Output => _output;

    private InterventionSession Session => _lease.Session;

    /// <summary>Runs one example, and reads every component.</summary>
    public ExampleValues Read(ModelInputs inputs, CancellationToken cancellation) =>
        Run(inputs, units => new SiteFeed { ReadLocations = units }, cancellation);

    /// <summary>
    /// Runs one example with other values at every component, and reads what each computed before it was written.
    /// </summary>
    public ExampleValues Force(ModelInputs inputs, ExampleValues values, CancellationToken cancellation)
    {
        var index = 0;
        return Run(
            inputs,
            units => Written(units, [values.Components[index++]]) with { ReadLocations = units },
            cancellation
        );
    }

    /// <summary>
    /// Runs one example in several rows, each with other values at one component; returns the first output of each.
    /// </summary>
    public NumericArray Patch(
        ModelInputs inputs,
        IReadOnlyList<(int Component, NumericArray Values)> rows,
        CancellationToken cancellation
    )
    {
        var feeds = Enumerable.Repeat(SiteFeed.Neutral, Session.Spliced.Sites.Length).ToArray();
        foreach (
            var written in rows.Select((row, number) => (Row: row, Number: number)).GroupBy(row => row.Row.Component)
        )
        {
            var units = written.SelectMany(row => Units(row.Row.Values.Shape[0], row.Number)).ToArray();
            feeds[written.Key] = Written(units, [.. written.Select(row => row.Row.Values)]);
        }

        var one = Examples.For(_model, inputs);
        return Session.Run(rows.Count == 1 ? one : one.Repeat(rows.Count), feeds, [_output!], cancellation)[0];
    }

    public void Dispose() => _lease.Dispose();

    private ExampleValues Run(ModelInputs example, Func<long[], SiteFeed> feed, CancellationToken cancellation)
    {
        var inputs = Examples.For(_model, example);
        var sites = Session.Spliced.Sites;
        IEnumerable<string> outputs = sites.Select(site => site.Read!);
        var read = Session.Run(
            inputs,
            [.. sites.Select(site => feed(Units(_model.MeasuredUnits.Count(site.Component, inputs, false).First, 0)))],
            [.. _output is null ? outputs : outputs.Append(_output)],
            cancellation
        );
        return new ExampleValues(read[..sites.Length], _output is null ? null : read[^1]);
    }

    // Positions, or heads where these come first.
    private static long[] Units(int count, int example) =>
        [.. Enumerable.Range(0, count).SelectMany(unit => new long[] { example, unit })];

    private static SiteFeed Written(long[] units, IReadOnlyList<NumericArray> values)
    {
        var all = NumericArray.Joined(values);
        return new SiteFeed
        {
            WriteLocations = units,
            Source = all.FloatMemory,
            SourceShape = all.Shape.Select(size => (long)size).ToArray(),
        };
    }
}
