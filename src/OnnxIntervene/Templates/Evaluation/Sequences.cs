namespace OnnxIntervene.Templates.Evaluation;

/// <summary>Parts of lists, dictionaries and texts, as Python's brackets give them.</summary>
internal static class Sequences
{
    /// <summary>The characters of a text; one outside the basic plane is one.</summary>
    public static IReadOnlyList<object?> Characters(string text) =>
        [.. text.EnumerateRunes().Select(rune => (object?)rune.ToString())];

    /// <summary>The value of a key or at an index; undefined where there is none.</summary>
    public static object? At(object? target, object? index, Budget budget, int line)
    {
        switch (target)
        {
            case Undefined missing:
                throw budget.Fault(line, $"'{missing.Name}' is not there, so that nothing is in it");
            case TemplateMap map when map.TryGet(index, out var value):
                return value;
            case TemplateList or string when index is long or bool:
                var items = target is string text ? Characters(text) : ((TemplateList)target).Items;
                budget.Make(line, target is string ? items.Count : 0);
                var place = Operators.Whole(index);
                place += place < 0 ? items.Count : 0;
                return place >= 0 && place < items.Count ? items[(int)place] : new Undefined($"item {index}");
            case LoopState loop when index is string member && loop.TryMember(member, out var value):
                return value;
            default:
                return index is string name
                    ? (object?)Methods.Find(target, name) ?? new Undefined(name)
                    : new Undefined(PythonText.Of(index, budget, line));
        }
    }

    /// <summary>A part from one place to another, in steps.</summary>
    public static object? Sliced(object? target, long? start, long? stop, long? step, Budget budget, int line)
    {
        if (target is not (string or TemplateList))
            throw budget.Fault(line, $"a part is taken of a text or a list, not of {PythonText.Kind(target)}");
        var items = target is string text ? Characters(text) : ((TemplateList)target).Items;
        var stride = step ?? 1;
        if (stride == 0)
            throw budget.Fault(line, "the step of a slice is 0");
        budget.Make(line, items.Count);
        var (low, high) = stride > 0 ? (0L, (long)items.Count) : (-1L, items.Count - 1L);
        var from = Bound(start, stride > 0 ? low : high);
        var to = Bound(stop, stride > 0 ? high : low);
        var part = new List<object?>();
        for (var index = from; stride > 0 ? index < to : index > to; index += stride)
        {
            part.Add(items[(int)index]);
            if (Math.Abs(stride) > items.Count)
                break;
        }

        return target is string ? string.Concat(part) : ((TemplateList)target) with { Items = part };

        long Bound(long? bound, long otherwise) =>
            bound is not { } given ? otherwise : Math.Clamp(given < 0 ? given + items.Count : given, low, high);
    }
}
