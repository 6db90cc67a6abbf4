using System.Collections.Immutable;

namespace OnnxIntervene.Templates.Syntax;

/// <summary>A part of a template that has a value.</summary>
internal abstract record Expression(int Line);

/// <summary>A text, a number, true, false or none.</summary>
internal sealed record Literal(int Line, object? Value) : Expression(Line);

/// <summary>A variable.</summary>
internal sealed record Variable(int Line, string Name) : Expression(Line);

/// <summary>A list, or a tuple.</summary>
internal sealed record ListExpression(int Line, ImmutableArray<Expression> Items, bool IsTuple) : Expression(Line);

/// <summary>A dictionary.</summary>
internal sealed record MapExpression(int Line, ImmutableArray<(Expression Key, Expression Value)> Entries)
    : Expression(Line);

/// <summary><c>target.name</c>.</summary>
internal sealed record Member(int Line, Expression Target, string Name) : Expression(Line);

/// <summary><c>target[index]</c>.</summary>
internal sealed record Subscript(int Line, Expression Target, Expression Index) : Expression(Line);

/// <summary><c>target[start:stop:step]</c>.</summary>
internal sealed record Slice(int Line, Expression Target, Expression? Start, Expression? Stop, Expression? Step)
    : Expression(Line);

/// <summary>What is given to a function, a filter or a test.</summary>
internal sealed record CallArguments(
    ImmutableArray<Expression> Positional,
    ImmutableArray<(string Name, Expression Value)> Named
)
{
    public static readonly CallArguments None = new([], []);
}

/// <summary><c>target(arguments)</c>.</summary>
internal sealed record Call(int Line, Expression Target, CallArguments Arguments) : Expression(Line);

/// <summary><c>target | filter(arguments)</c>; the target is null where a block is filtered.</summary>
internal sealed record Filtered(int Line, Expression? Target, string Filter, CallArguments Arguments)
    : Expression(Line);

/// <summary><c>target is test(arguments)</c>.</summary>
internal sealed record Tested(int Line, Expression Target, string Test, CallArguments Arguments) : Expression(Line);

/// <summary>An operator before an operand.</summary>
internal sealed record Unary(int Line, string Operator, Expression Operand) : Expression(Line);

/// <summary>An operator between two operands.</summary>
internal sealed record Binary(int Line, string Operator, Expression Left, Expression Right) : Expression(Line);

/// <summary><c>a &lt; b &lt;= c</c>: all hold.</summary>
internal sealed record Comparison(
    int Line,
    Expression First,
    ImmutableArray<(string Operator, Expression Operand)> Others
) : Expression(Line);

/// <summary><c>a if condition else b</c>; undefined without an else.</summary>
internal sealed record Conditional(int Line, Expression Condition, Expression Then, Expression? Otherwise)
    : Expression(Line);
