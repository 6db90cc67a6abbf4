namespace OnnxIntervene.Templates.Evaluation;

/// <summary>Jinja's tests (jinja2/tests.py).</summary>
internal static class Tests
{
    /// <summary>Whether a test holds of a value.</summary>
    public static bool Holds(string name, object? value, Arguments given) =>
        name switch
        {
            "defined" => value is not Undefined,
            "undefined" => value is Undefined,
            "none" => value is null,
            "string" => value is string,
            "boolean" => value is bool,
            "true" => value is true,
            "false" => value is false,
            "integer" => value is long,
            "float" => value is double,
            "number" => Operators.IsNumber(value),
            "mapping" => value is TemplateMap { IsNamespace: false },
            "iterable" => value is string or TemplateList or TemplateMap { IsNamespace: false } or Undefined,
            "sequence" => value is string or TemplateList or TemplateMap { IsNamespace: false } or Undefined,
            "callable" => value is Function,
            "odd" => Remainder(value, 2, given) != 0,
            "even" => Remainder(value, 2, given) == 0,
            "divisibleby" => Remainder(value, given.Integer(0, "num", 0), given) == 0,
            "lower" => value is string text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
            "upper" => value is string text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
            "in" => Operators.Contains(given.Need(0, "seq"), value, given.Budget, given.Line)
                ?? throw given.Fault($"nothing is in {PythonText.Kind(given.At(0))}"),
            _ => Compares(name, value, given.Need(0, "other"), given),
        };

    private static bool Compares(string name, object? value, object? other, Arguments given)
    {
        if (name is "eq" or "equalto")
            return Operators.AreEqual(value, other, given.Budget, given.Line);
        if (name == "ne")
            return !Operators.AreEqual(value, other, given.Budget, given.Line);
        if (name == "sameas")
            return ReferenceEquals(value, other) || (value is bool or long && Equals(value, other));
        var order =
            Operators.Order(value, other, given.Budget, given.Line)
            ?? throw given.Fault($"{PythonText.Kind(value)} and {PythonText.Kind(other)} have no order");
        return name switch
        {
            "lt" => order < 0,
            "le" => order <= 0,
            "gt" => order > 0,
            _ => order >= 0,
        };
    }

    private static long Remainder(object? value, long divisor, Arguments given) =>
        value is long or bool && divisor != 0
            ? Operators.Whole(value) % divisor
            : throw given.Fault($"a whole number is expected, not {PythonText.Kind(value)}");
}
