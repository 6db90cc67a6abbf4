using System.Collections.Immutable;
using System.Diagnostics;
using OnnxIntervene.Templates.Syntax;

namespace OnnxIntervene.Templates.Evaluation;

/// <summary>Gives expressions their values. It reaches nothing but the values that it is given.</summary>
internal sealed class Interpreter(Budget budget)
{
    /// <summary>The items of a list, the keys of a dictionary or the characters of a text.</summary>
    public static IReadOnlyList<object?> Items(object? value, Budget budget, int line)
    {
        IReadOnlyList<object?> items = value switch
        {
            TemplateList list => list.Items,
            TemplateMap { IsNamespace: false } map => [.. map.Entries.Select(entry => (object?)entry.Key)],
            string text => Sequences.Characters(text),
            Undefined => [],
            _ => throw budget.Fault(line, $"{PythonText.Kind(value)} has no items"),
        };
        budget.Make(line, items.Count);
        return items;
    }

    /// <summary>A member of a member, as filters name them: "function.name", or a number.</summary>
    public static object? Path(object? value, object? path, Arguments given, object? otherwise = null)
    {
        if (path is not string names)
            return Sequences.At(value, path, given.Budget, given.Line);
        foreach (var name in names.Split('.'))
        {
            value = Sequences.At(value, long.TryParse(name, out var index) ? index : name, given.Budget, given.Line);
            // As in Jinja, another value is looked into where a member on the way is missing.
            value = value is Undefined && otherwise is not null ? otherwise : value;
        }

        return value;
    }

    /// <summary>The value of an expression.</summary>
    public object? Evaluate(Expression expression, Scope scope)
    {
        budget.Step(expression.Line);
        budget.Descend(expression.Line);
        var value = ValueOf(expression, scope);
        budget.Ascend();
        return value;
    }

    private object? ValueOf(Expression expression, Scope scope) =>
        expression switch
        {
            Literal literal => literal.Value,
            Variable variable => scope.Get(variable.Name),
            ListExpression list => new TemplateList(
                [.. list.Items.Select(item => Evaluate(item, scope))],
                list.IsTuple
            ),
            MapExpression map => Map(map, scope),
            Member member => MemberOf(Evaluate(member.Target, scope), member),
            Subscript part => Sequences.At(
                Evaluate(part.Target, scope),
                Evaluate(part.Index, scope),
                budget,
                part.Line
            ),
            Slice slice => Sliced(slice, scope),
            Call call => Called(call, scope),
            Filtered filtered => Filtered(filtered, Evaluate(filtered.Target!, scope), scope),
            Tested tested => Tests.Holds(
                tested.Test,
                Evaluate(tested.Target, scope),
                Arguments(tested.Arguments, tested.Line, scope)
            ),
            Unary unary => Negated(unary, Evaluate(unary.Operand, scope)),
            Binary binary => Computed(binary, scope),
            Comparison comparison => Compared(comparison, scope),
            Conditional choice => Chosen(choice, scope),
            _ => throw new UnreachableException(expression.GetType().Name),
        };

    /// <summary>What a filter makes of a value.</summary>
    public object? Filtered(Filtered filter, object? value, Scope scope) =>
        Filters.Apply(filter.Filter, value, Arguments(filter.Arguments, filter.Line, scope), this);

    private TemplateMap Map(MapExpression expression, Scope scope)
    {
        var map = new TemplateMap();
        foreach (var (key, value) in expression.Entries)
            map.Set(Evaluate(key, scope), Evaluate(value, scope));
        return map;
    }

    private object? MemberOf(object? target, Member member) =>
        target switch
        {
            Undefined missing => throw budget.Fault(
                member.Line,
                $"'{missing.Name}' is not there, so that it has no '{member.Name}'"
            ),
            LoopState loop when loop.TryMember(member.Name, out var value) => value,
            TemplateMap map when Methods.Find(map, member.Name) is null && map.TryGet(member.Name, out var value) =>
                value,
            _ => (object?)Methods.Find(target, member.Name) ?? new Undefined(member.Name),
        };

    private object? Sliced(Slice slice, Scope scope)
    {
        var target = Evaluate(slice.Target, scope);
        return Sequences.Sliced(target, Bound(slice.Start), Bound(slice.Stop), Bound(slice.Step), budget, slice.Line);

        long? Bound(Expression? bound) =>
            bound is null
                ? null
                : Evaluate(bound, scope) switch
                {
                    null => null,
                    long number => number,
                    var other => throw budget.Fault(
                        slice.Line,
                        $"a whole number is expected, not {PythonText.Kind(other)}"
                    ),
                };
    }

    private object? Called(Call call, Scope scope)
    {
        var target = Evaluate(call.Target, scope);
        if (target is not Function function)
            throw budget.Fault(
                call.Line,
                target is Undefined unknown
                    ? $"the function or method '{unknown.Name}' is not known"
                    : $"{PythonText.Kind(target)} cannot be called"
            );
        return function.Call(Arguments(call.Arguments, call.Line, scope));
    }

    private Arguments Arguments(CallArguments arguments, int line, Scope scope) =>
        new(
            [.. arguments.Positional.Select(argument => Evaluate(argument, scope))],
            arguments.Named.Length == 0 ? ImmutableDictionary<string, object?>.Empty : Named(arguments, scope),
            budget,
            line
        );

    private Dictionary<string, object?> Named(CallArguments arguments, Scope scope)
    {
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in arguments.Named)
            named[name] = Evaluate(value, scope);
        return named;
    }

    private object? Negated(Unary unary, object? value) =>
        unary.Operator == "not" ? !Operators.IsTrue(value)
        : !Operators.IsNumber(value)
            ? throw budget.Fault(unary.Line, $"'{unary.Operator}' takes a number, not {PythonText.Kind(value)}")
        : unary.Operator == "+" ? value
        : value is double number ? -number
        : Operators.Compute("-", 0L, value, budget, unary.Line);

    private object? Computed(Binary binary, Scope scope)
    {
        var left = Evaluate(binary.Left, scope);
        switch (binary.Operator)
        {
            case "and":
                return Operators.IsTrue(left) ? Evaluate(binary.Right, scope) : left;
            case "or":
                return Operators.IsTrue(left) ? left : Evaluate(binary.Right, scope);
        }

        var right = Evaluate(binary.Right, scope);
        if (binary.Operator == "~")
            return Operators.Compute(
                "+",
                PythonText.Of(left, budget, binary.Line),
                PythonText.Of(right, budget, binary.Line),
                budget,
                binary.Line
            );
        return Operators.Compute(binary.Operator, left, right, budget, binary.Line)
            ?? throw budget.Fault(
                binary.Line,
                $"'{binary.Operator}' does not take {PythonText.Kind(left)} and {PythonText.Kind(right)}"
            );
    }

    private bool Compared(Comparison comparison, Scope scope)
    {
        var left = Evaluate(comparison.First, scope);
        foreach (var (symbol, operand) in comparison.Others)
        {
            var right = Evaluate(operand, scope);
            if (!Holds(symbol, left, right, comparison.Line))
                return false;
            left = right;
        }

        return true;
    }

    private bool Holds(string symbol, object? left, object? right, int line)
    {
        if (symbol is "==" or "!=")
            return Operators.AreEqual(left, right, budget, line) == (symbol == "==");
        if (symbol is "in" or "not in")
            return (
                    Operators.Contains(right, left, budget, line)
                    ?? throw budget.Fault(
                        line,
                        $"{PythonText.Kind(left)} is not looked for in {PythonText.Kind(right)}"
                    )
                ) == (symbol == "in");
        var order =
            Operators.Order(left, right, budget, line)
            ?? throw budget.Fault(line, $"{PythonText.Kind(left)} and {PythonText.Kind(right)} have no order");
        return symbol switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    private object? Chosen(Conditional choice, Scope scope) =>
        Operators.IsTrue(Evaluate(choice.Condition, scope)) ? Evaluate(choice.Then, scope)
        : choice.Otherwise is { } otherwise ? Evaluate(otherwise, scope)
        : new Undefined("the value of an 'if' without an 'else'");
}
