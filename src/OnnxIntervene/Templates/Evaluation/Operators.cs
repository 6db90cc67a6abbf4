using System.Runtime.CompilerServices;
using OnnxIntervene.IR;

namespace OnnxIntervene.Templates.Evaluation;

/// <summary>Python's operators on values of templates.</summary>
internal static class Operators
{
    /// <summary>Whether a value counts as true.</summary>
    public static bool IsTrue(object? value) =>
        value switch
        {
            null or Undefined => false,
            bool flag => flag,
            long number => number != 0,
            double number => number != 0,
            string text => text.Length > 0,
            TemplateList list => list.Items.Count > 0,
            TemplateMap map => map.IsNamespace || map.Count > 0,
            _ => true,
        };

    /// <summary>Whether two values are equal.</summary>
    public static bool AreEqual(object? left, object? right, Budget budget, int line)
    {
        budget.Step(line);
        budget.Descend(line);
        var areEqual = (left, right) switch
        {
            (null, null) or (Undefined, Undefined) => true,
            (string a, string b) => string.Equals(a, b, StringComparison.Ordinal),
            (TemplateList a, TemplateList b) => a.IsTuple == b.IsTuple
                && a.Items.Count == b.Items.Count
                && a.Items.Zip(b.Items).All(pair => AreEqual(pair.First, pair.Second, budget, line)),
            (TemplateMap { IsNamespace: false } a, TemplateMap { IsNamespace: false } b) => a.Count == b.Count
                && a.Entries.All(entry =>
                    b.TryGet(entry.Key, out var other) && AreEqual(entry.Value, other, budget, line)
                ),
            _ when IsNumber(left) && IsNumber(right) => left is double || right is double
                ? Double(left) == Double(right)
                : Whole(left) == Whole(right),
            _ => ReferenceEquals(left, right),
        };
        budget.Ascend();
        return areEqual;
    }

    /// <summary>Which of two values comes first; null where they cannot be compared.</summary>
    public static int? Order(object? left, object? right, Budget budget, int line)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (left is string a && right is string b)
            return string.CompareOrdinal(a, b);
        if (IsNumber(left) && IsNumber(right))
            return left is double || right is double
                ? Double(left).CompareTo(Double(right))
                : Whole(left).CompareTo(Whole(right));
        if (left is not TemplateList { Items: var first } || right is not TemplateList { Items: var second })
            return null;
        for (var index = 0; index < Math.Min(first.Count, second.Count); index++)
        {
            if (!AreEqual(first[index], second[index], budget, line))
                return Order(first[index], second[index], budget, line);
        }

        return first.Count.CompareTo(second.Count);
    }

    /// <summary>Whether a value is in another; null where the other holds nothing.</summary>
    public static bool? Contains(object? container, object? item, Budget budget, int line) =>
        container switch
        {
            Undefined => false,
            string text when item is string part => text.Contains(part, StringComparison.Ordinal),
            TemplateList list => list.Items.Any(own => AreEqual(own, item, budget, line)),
            TemplateMap map => map.TryGet(item, out _),
            _ => null,
        };

    /// <summary>A sum, product, quotient or remainder; null where the operator does not take these values.</summary>
    public static object? Compute(string symbol, object? left, object? right, Budget budget, int line) =>
        (symbol, left, right) switch
        {
            ("+", string a, string b) => Joined(a, b, budget, line),
            ("+", TemplateList a, TemplateList b) when a.IsTuple == b.IsTuple => Joined(a, b, budget, line),
            ("*", string text, long or bool) => Repeated(text, Whole(right), budget, line),
            ("*", long or bool, string text) => Repeated(text, Whole(left), budget, line),
            _ when !IsNumber(left) || !IsNumber(right) => null,
            ("/", _, _) => Double(right) == 0 ? throw Zero(budget, line) : Double(left) / Double(right),
            _ when left is double || right is double => Floats(symbol, Double(left), Double(right), budget, line),
            _ => Integers(symbol, Whole(left), Whole(right), budget, line),
        };

    /// <summary>Whether a value is a number; true and false are.</summary>
    public static bool IsNumber(object? value) => value is long or double or bool;

    /// <summary>A number as one of 64 bits.</summary>
    public static double Double(object? number) => number is double real ? real : Whole(number);

    /// <summary>A whole number.</summary>
    public static long Whole(object? number) =>
        number switch
        {
            long whole => whole,
            bool flag => flag ? 1 : 0,
            _ => (long)(double)number!,
        };

    private static string Joined(string left, string right, Budget budget, int line)
    {
        budget.Make(line, left.Length + right.Length);
        return left + right;
    }

    private static TemplateList Joined(TemplateList left, TemplateList right, Budget budget, int line)
    {
        budget.Make(line, left.Items.Count + right.Items.Count);
        return left with { Items = [.. left.Items, .. right.Items] };
    }

    private static string Repeated(string text, long count, Budget budget, int line)
    {
        count = Math.Max(0, count);
        budget.Make(line, text.Length == 0 ? 0 : Math.Min(count, int.MaxValue) * text.Length);
        return string.Concat(Enumerable.Repeat(text, text.Length == 0 ? 0 : (int)count));
    }

    private static object? Integers(string symbol, long left, long right, Budget budget, int line)
    {
        if (right == 0 && symbol is ("//" or "%"))
            throw Zero(budget, line);
        try
        {
            return symbol switch
            {
                "+" => checked(left + right),
                "-" => checked(left - right),
                "*" => checked(left * right),
                "//" => checked((left / right) - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0)),
                "%" => right == -1 ? 0L : ((left % right) + right) % right,
                "**" when right >= 0 => Power(left, right),
                "**" => Math.Pow(left, right),
                _ => null,
            };
        }
        catch (OverflowException)
        {
            throw budget.Fault(line, $"{left} {symbol} {right} is beyond 64 bits");
        }
    }

    private static long Power(long number, long exponent)
    {
        if (number is 0 or 1 || exponent == 0)
            return exponent == 0 ? 1 : number;
        var power = 1L;
        for (var count = 0L; count < exponent; count++)
        {
            if (number == -1)
                return exponent % 2 == 0 ? 1 : -1;
            power = checked(power * number);
        }

        return power;
    }

    private static object? Floats(string symbol, double left, double right, Budget budget, int line) =>
        symbol switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "**" => Math.Pow(left, right),
            "//" or "%" when right == 0 => throw Zero(budget, line),
            "//" => Math.Floor(left / right),
            "%" => left - (right * Math.Floor(left / right)),
            _ => null,
        };

    private static InterventionException Zero(Budget budget, int line) => budget.Fault(line, "a division by zero");
}
