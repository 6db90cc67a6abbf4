using System.Text.Json;

namespace OnnxIntervene.Json;

/// <summary>
/// What stands at a place of a JSON text, read as what it should be. What is something else is refused with its path.
/// Immutable.
/// </summary>
internal sealed class JsonPlace
{
    private const int LongestShown = 60;
    private readonly JsonSource _source;
    private readonly JsonElement _json;
    private readonly JsonPlace? _around;
    private readonly int _index;

    /// <summary>A whole text, whose keys and texts have been checked.</summary>
    public JsonPlace(JsonSource source, JsonElement json) => (_source, _json, Name) = (source, json, "");

    private JsonPlace(JsonPlace around, JsonElement json, string name, int index) =>
        (_source, _around, _json, Name, _index) = (around._source, around, json, name, index);

    /// <summary>The key; empty for an item of a list and for the whole.</summary>
    public string Name { get; }

    /// <summary>Where it stands.</summary>
    public string Path =>
        _around is null ? JsonPath.Root
        : _index >= 0 ? _around.Path + JsonPath.Item(_index)
        : _around.Path + JsonPath.Member(Name);

    /// <summary>Whether there is nothing: the key is left out, or null.</summary>
    public bool IsNothing => _json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>Whether the key is left out.</summary>
    public bool IsMissing => _json.ValueKind == JsonValueKind.Undefined;

    public bool IsText => _json.ValueKind == JsonValueKind.String;

    public bool IsNumber => _json.ValueKind == JsonValueKind.Number;

    public bool IsList => _json.ValueKind == JsonValueKind.Array;

    public bool IsObject => _json.ValueKind == JsonValueKind.Object;

    public bool IsTrue => _json.ValueKind == JsonValueKind.True;

    public bool IsFalse => _json.ValueKind == JsonValueKind.False;

    /// <summary>How many items a list has, or members an object; 0 for anything else.</summary>
    public int Count =>
        IsList ? _json.GetArrayLength()
        : IsObject ? _json.GetPropertyCount()
        : 0;

    /// <summary>A member; a missing one where there is none, or where this is not an object.</summary>
    public JsonPlace this[string name] =>
        new(this, IsObject && _json.TryGetProperty(name, out var member) ? member : default, name, -1);

    /// <summary>An item of a list that has so many.</summary>
    public JsonPlace this[int index] => new(this, _json[index], "", index);

    /// <summary>A member; null where it is left out, or null.</summary>
    public JsonPlace? Find(string name) => this[name] is { IsNothing: false } found ? found : null;

    /// <summary>The items of a list.</summary>
    public IEnumerable<JsonPlace> Items(string what = "a list")
    {
        if (!IsList)
            throw Expected(what);
        return _json.EnumerateArray().Select((item, index) => new JsonPlace(this, item, "", index));
    }

    /// <summary>The members of an object.</summary>
    public IEnumerable<JsonPlace> Members(string what = "an object")
    {
        if (!IsObject)
            throw Expected(what);
        return _json.EnumerateObject().Select(member => new JsonPlace(this, member.Value, member.Name, -1));
    }

    /// <summary>Whether this is a list of which every item is a number.</summary>
    public bool IsRow => IsList && _json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number);

    /// <summary>Throws unless this is an object.</summary>
    public JsonPlace WithObject(string what = "an object") => IsObject ? this : throw Expected(what);

    /// <summary>Throws unless this is an object with no other keys than these.</summary>
    public JsonPlace WithKeys(IReadOnlyCollection<string> known)
    {
        foreach (var member in Members())
        {
            if (!known.Contains(member.Name))
                throw member.Fault($"no such field here; the fields are {string.Join(", ", known)}");
        }

        return this;
    }

    /// <summary>A text.</summary>
    public string Text(string what = "a text") => IsText ? _json.GetString()! : throw Expected(what);

    /// <summary>A whole number, as <c>4</c> or <c>4.0</c>.</summary>
    public int Integer(int least = int.MinValue, int most = int.MaxValue, string what = "a whole number") =>
        (int)Whole(least, most, what);

    /// <inheritdoc cref="Integer"/>
    public long Whole(long least = long.MinValue, long most = long.MaxValue, string what = "a whole number") =>
        JsonNumber.Whole(_json) is { } number && number >= least && number <= most
            ? number
            : throw Expected(IsNumber ? $"{what} from {least} to {most}" : what);

    /// <summary>Whether this is a whole number in a range.</summary>
    public bool IsWhole(long least, long most) =>
        JsonNumber.Whole(_json) is { } number && number >= least && number <= most;

    /// <summary>A number that 32 bits can hold.</summary>
    public float Single() =>
        !IsNumber ? throw Expected("a number")
        : JsonNumber.Single(_json) is { } number ? number
        : throw Fault($"{Shown} is beyond the range of 32-bit floats");

    /// <summary>A number that 64 bits can hold.</summary>
    public double Number() =>
        !IsNumber ? throw Expected("a number")
        : JsonNumber.Double(_json) is { } number ? number
        : throw Fault($"{Shown} is beyond the range of 64-bit floats");

    /// <summary>A number that is not finite, which JSON can only name; null for anything but such a name.</summary>
    public double? NotFinite() =>
        !IsText
            ? null
            : Text() switch
            {
                "NaN" => double.NaN,
                "Infinity" => double.PositiveInfinity,
                "-Infinity" => double.NegativeInfinity,
                _ => throw Expected("a number"),
            };

    /// <summary>True or false; another where it is left out, or null.</summary>
    public bool Flag(bool otherwise) =>
        IsTrue
        || (
            IsNothing ? otherwise
            : IsFalse ? false
            : throw Expected("true or false")
        );

    /// <summary>The items of a list of whole numbers.</summary>
    public int[] Integers(int least = int.MinValue, int most = int.MaxValue, string what = "a list of whole numbers")
    {
        if (!IsList)
            throw Expected(what);
        var numbers = new int[_json.GetArrayLength()];
        var index = 0;
        foreach (var item in _json.EnumerateArray())
        {
            numbers[index] =
                JsonNumber.Whole(item) is { } number && number >= least && number <= most
                    ? (int)number
                    : this[index].Integer(least, most);
            index++;
        }

        return numbers;
    }

    /// <summary>Adds every number of nested lists to others, in order. Throws where lists differ in length.</summary>
    public void CopyTo(List<float> numbers, ReadOnlySpan<int> shape)
    {
        if (shape.IsEmpty)
        {
            numbers.Add(JsonNumber.Single(_json) ?? Single());
            return;
        }

        if (!IsList || Count != shape[0])
            throw Fault(
                $"a list of {shape[0]} is expected as in the rows before, not {Shown}: "
                    + "the rows of the array differ in length"
            );
        var index = 0;
        foreach (var item in _json.EnumerateArray())
        {
            if (shape.Length == 1 && JsonNumber.Single(item) is { } number)
                numbers.Add(number);
            else
                new JsonPlace(this, item, "", index).CopyTo(numbers, shape[1..]);
            index++;
        }
    }

    /// <summary>The value as messages show it.</summary>
    public string Shown
    {
        get
        {
            if (IsList || IsObject)
                return IsList ? $"a list of {Count}" : "an object";
            var text = IsMissing ? "nothing" : _json.GetRawText();
            return text.Length <= LongestShown ? text : text[..LongestShown] + "…";
        }
    }

    /// <summary>The exception for what stands here.</summary>
    public Exception Fault(string what) => _source.At(Path, what);

    /// <summary>
    /// The same for one who keeps it: it knows the path, and lets go of the text, which may be megabytes.
    /// </summary>
    public Func<string, Exception> LaterFault()
    {
        var (source, path) = (_source, Path);
        return what => source.At(path, what);
    }

    /// <summary>The exception for another thing than is expected.</summary>
    public Exception Expected(string what) =>
        Fault(IsMissing ? $"{what} is expected, but it is left out" : $"{what} is expected, not {Shown}");
}
