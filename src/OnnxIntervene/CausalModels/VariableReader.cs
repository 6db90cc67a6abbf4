using System.Collections.Immutable;
using OnnxIntervene.IR;
using OnnxIntervene.Json;

namespace OnnxIntervene.CausalModels;

/// <summary>Reads the variables of a description.</summary>
internal sealed class VariableReader
{
    private const int LargestDomain = 1 << 16;
    private const int MostVariables = 256;
    private static readonly string[] s_rangeKeys = ["from", "to"];
    private static readonly string[] s_inputKeys = ["values", "from", "to", "default"];
    private static readonly string[] s_computedKeys = ["values", "from", "to", "parents", "function"];
    private static readonly string[] s_functionKeys = ["cases", "otherwise"];
    private static readonly string[] s_caseKeys = ["when", "then"];

    private readonly Dictionary<string, JsonPlace> _places;
    private readonly Dictionary<string, ImmutableArray<CausalValue>> _values = new(StringComparer.Ordinal);

    /// <param name="place">The object of variables.</param>
    public VariableReader(JsonPlace place)
    {
        _places = place
            .Members("an object of variables")
            .ToDictionary(item => item.Name, item => item.WithObject("a variable: an object"), StringComparer.Ordinal);
        if (_places.Count > MostVariables)
            throw place.Fault($"there are {_places.Count} variables; at most {MostVariables} are read");
    }

    /// <summary>The variables as they stand.</summary>
    public ImmutableArray<CausalVariable> Read() => [.. _places.Values.Select(Variable)];

    /// <summary>Tries every function on all that its parents can be, where these are not too many.</summary>
    public void Check(CausalModel model)
    {
        var classes = new EquivalenceClasses(model);
        foreach (var variable in model.Variables.Where(variable => !variable.IsInput))
        {
            try
            {
                classes.Try(variable, LargestDomain);
            }
            catch (InterventionException fault)
            {
                throw _places[variable.Name].Fault(fault.Message);
            }
        }
    }

    private CausalVariable Variable(JsonPlace place)
    {
        if (place.Name.AsSpan().Trim().IsEmpty)
            throw place.Fault("the variable has no name");
        if (place.Find("parents") is null)
        {
            var input = CausalVariable.Input(place.Name, ValuesOf(place.WithKeys(s_inputKeys)));
            return place.Find("default") is { } given ? input with { Default = CausalJson.Value(given) } : input;
        }

        var parents = ParentsOf(place.WithKeys(s_computedKeys));
        return CausalVariable.Computed(place.Name, ValuesOf(place), parents, Function(place, parents));
    }

    private ImmutableArray<string> ParentsOf(JsonPlace place)
    {
        var parents = place["parents"].Items("a list of variables").ToList();
        if (parents.Count == 0)
            throw place["parents"].Fault("the list is empty; leave it out for an input");
        foreach (var parent in parents.Where(parent => !_places.ContainsKey(parent.Text())))
            throw parent.Fault($"there is no such variable; there are {string.Join(", ", _places.Keys)}");
        return [.. parents.Select(parent => parent.Text())];
    }

    private CausalFunction Function(JsonPlace place, ImmutableArray<string> parents)
    {
        var function = place["function"];
        if (!function.IsText)
            return Table(function.WithObject("the name of a function, or a table"), parents);
        var named = Named(function);
        if (parents.Length < named.Least || parents.Length > named.Most)
            throw function.Fault(
                $"it takes {named.Least}{(named.Most > named.Least ? " or more" : "")} parents, not {parents.Length}"
            );
        foreach (var parent in parents)
            RequireKind(function, named, parent);
        return named.Function;
    }

    private static NamedFunction Named(JsonPlace function) =>
        NamedFunction.All.FirstOrDefault(known => known.Name == function.Text())
        ?? throw function.Fault(
            $"there is no function {function.Shown}; there are "
                + $"{string.Join(", ", NamedFunction.All.Select(known => known.Name))}, and tables of cases"
        );

    private void RequireKind(JsonPlace function, NamedFunction named, string parent)
    {
        if (
            named.Parents is { } kind
            && ValuesOf(_places[parent]).FirstOrDefault(value => value.Kind != kind) is { } odd
        )
            throw function.Fault(
                $"its parents must be {(kind == CausalValueKind.Truth ? "true or false" : "numbers")}, but '{parent}' "
                    + $"can be {odd}"
            );
    }

    private CausalFunction Table(JsonPlace place, ImmutableArray<string> parents)
    {
        place.WithKeys(s_functionKeys);
        var cases = place["cases"].Items("a list of cases").Select(item => Case(item, parents)).ToList();
        var otherwise = place.Find("otherwise") is { } other ? CausalJson.Value(other) : null;
        try
        {
            return CausalFunctions.Table(cases, otherwise);
        }
        catch (InterventionException fault)
        {
            throw place["cases"].Fault(fault.Message);
        }
    }

    private (ImmutableArray<CausalValue> Parents, CausalValue Value) Case(
        JsonPlace place,
        ImmutableArray<string> parents
    )
    {
        var when = place.WithKeys(s_caseKeys)["when"];
        ImmutableArray<CausalValue> values = [.. when.Items("a list of the parents' values").Select(CausalJson.Value)];
        if (values.Length != parents.Length)
            throw when.Fault($"{parents.Length} values are expected, one for each parent, not {values.Length}");
        foreach (var (parent, value) in parents.Zip(values))
        {
            if (!ValuesOf(_places[parent]).Contains(value))
                throw when.Fault(
                    $"'{parent}' is never {value}; it can be {string.Join(", ", ValuesOf(_places[parent]).Take(8))}"
                );
        }

        return (values, CausalJson.Value(place["then"]));
    }

    private ImmutableArray<CausalValue> ValuesOf(JsonPlace place)
    {
        if (_values.TryGetValue(place.Name, out var known))
            return known;
        // Should the variables form a circle, the model says so.
        _values[place.Name] = CausalValue.Truths;
        return _values[place.Name] = Given(place) ?? Implied(place);
    }

    private static ImmutableArray<CausalValue>? Given(JsonPlace place)
    {
        if (place.Find("values") is { } values)
        {
            foreach (var needless in s_rangeKeys.Select(place.Find).OfType<JsonPlace>().Take(1))
                throw needless.Fault("\"values\" is given as well; give one of them");
            ImmutableArray<CausalValue> all = [.. values.Items("a list of values").Select(CausalJson.Value)];
            return all.IsEmpty ? throw values.Fault("the list is empty; list what the variable can be") : all;
        }

        if (place.Find("from") is null && place.Find("to") is null)
            return null;
        var first = place["from"].Integer();
        return CausalValue.Range(
            first,
            place["to"].Integer(first, (int)Math.Min(int.MaxValue, (long)first + LargestDomain))
        );
    }

    private ImmutableArray<CausalValue> Implied(JsonPlace place)
    {
        if (place.Find("parents") is null)
            throw place.Fault("an input needs \"values\", a list, or \"from\" and \"to\", whole numbers");
        var function = place["function"];
        if (!function.IsText)
            return
            [
                .. function["cases"]
                    .Items("a list of cases")
                    .Select(item => item["then"])
                    .Append(function["otherwise"])
                    .Where(value => !value.IsNothing)
                    .Select(CausalJson.Value)
                    .Distinct(),
            ];
        return Named(function).Name == NamedFunction.CopyName
            ? ValuesOf(_places[ParentsOf(place)[0]])
            : CausalValue.Truths;
    }
}
