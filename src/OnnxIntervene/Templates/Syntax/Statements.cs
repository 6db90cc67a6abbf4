using System.Collections.Immutable;

namespace OnnxIntervene.Templates.Syntax;

/// <summary>A part of a template that writes or does something.</summary>
internal abstract record Statement(int Line);

/// <summary>Text as it is.</summary>
internal sealed record TextStatement(int Line, string Text) : Statement(Line);

/// <summary>A value as text.</summary>
internal sealed record OutputStatement(int Line, Expression Value) : Statement(Line);

/// <summary>The first branch whose condition holds; the last may have none.</summary>
internal sealed record IfStatement(
    int Line,
    ImmutableArray<(Expression? Condition, ImmutableArray<Statement> Body)> Branches
) : Statement(Line);

/// <summary>A body for each item.</summary>
internal sealed record ForStatement(
    int Line,
    ImmutableArray<string> Targets,
    Expression Items,
    Expression? Condition,
    ImmutableArray<Statement> Body,
    ImmutableArray<Statement> Otherwise
) : Statement(Line);

/// <summary>Ends a loop, or goes on with its next item.</summary>
internal sealed record LoopControl(int Line, bool IsBreak) : Statement(Line);

/// <summary>Gives variables values; several take apart a list. A target is a name, or a name and a member.</summary>
internal sealed record SetStatement(int Line, ImmutableArray<(string Name, string? Member)> Targets, Expression Value)
    : Statement(Line);

/// <summary>Gives a variable the text that a body writes, changed by filters.</summary>
internal sealed record SetBlock(int Line, string Name, ImmutableArray<Filtered> Filters, ImmutableArray<Statement> Body)
    : Statement(Line);

/// <summary>Writes the text of a body, changed by filters; without filters the body in a scope of its own.</summary>
internal sealed record BlockStatement(
    int Line,
    ImmutableArray<(string Name, Expression Value)> Variables,
    ImmutableArray<Filtered> Filters,
    ImmutableArray<Statement> Body
) : Statement(Line);

/// <summary>A function whose value is the text that its body writes.</summary>
internal sealed record MacroStatement(
    int Line,
    string Name,
    ImmutableArray<(string Name, Expression? Default)> Parameters,
    ImmutableArray<Statement> Body
) : Statement(Line);
