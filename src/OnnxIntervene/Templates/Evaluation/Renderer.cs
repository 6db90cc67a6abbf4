using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using OnnxIntervene.Templates.Syntax;

namespace OnnxIntervene.Templates.Evaluation;

/// <summary>Carries out the statements of a template.</summary>
internal sealed class Renderer(Budget budget)
{
    private readonly Interpreter _interpreter = new(budget);
    private StringBuilder _output = new();
    private int _loops;

    private enum Flow
    {
        Next,
        Continue,
        Break,
    }

    /// <summary>The text that statements write.</summary>
    public string Render(ImmutableArray<Statement> body, Scope scope)
    {
        var outer = _output;
        _output = new StringBuilder();
        try
        {
            Run(body, scope);
            return _output.ToString();
        }
        finally
        {
            _output = outer;
        }
    }

    private Flow Run(ImmutableArray<Statement> body, Scope scope)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (var statement in body)
        {
            budget.Step(statement.Line);
            if (Run(statement, scope) is not Flow.Next and var flow)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Run(Statement statement, Scope scope)
    {
        switch (statement)
        {
            case TextStatement text:
                Write(text.Text, text.Line);
                return Flow.Next;
            case OutputStatement output:
                Write(PythonText.Of(_interpreter.Evaluate(output.Value, scope), budget, output.Line), output.Line);
                return Flow.Next;
            case IfStatement choice:
                return Choose(choice, scope);
            case ForStatement loop:
                Repeat(loop, scope);
                return Flow.Next;
            case LoopControl control:
                return control.IsBreak ? Flow.Break : Flow.Continue;
            case SetStatement set:
                Set(set, _interpreter.Evaluate(set.Value, scope), scope);
                return Flow.Next;
            case SetBlock block:
                scope.Set(block.Name, Filtered(block.Filters, Render(block.Body, new Scope(scope)), scope));
                return Flow.Next;
            case BlockStatement block:
                return RunBlock(block, scope);
            case MacroStatement macro:
                scope.Set(macro.Name, new Function(macro.Name, given => Call(macro, given, scope)));
                return Flow.Next;
            default:
                throw new UnreachableException(statement.GetType().Name);
        }
    }

    private void Write(string text, int line)
    {
        budget.Make(line, text.Length);
        _output.Append(text);
    }

    private Flow Choose(IfStatement choice, Scope scope)
    {
        foreach (var (condition, body) in choice.Branches)
        {
            if (condition is null || Operators.IsTrue(_interpreter.Evaluate(condition, scope)))
                return Run(body, scope);
        }

        return Flow.Next;
    }

    private void Repeat(ForStatement loop, Scope scope)
    {
        var items = Interpreter.Items(_interpreter.Evaluate(loop.Items, scope), budget, loop.Line);
        if (loop.Condition is { } condition)
            items =
            [
                .. items.Where(item => Operators.IsTrue(_interpreter.Evaluate(condition, Inner(loop, item, scope)))),
            ];
        _loops++;
        for (var index = 0; index < items.Count; index++)
        {
            var inner = Inner(loop, items[index], scope);
            inner.Set("loop", new LoopState(items, index, _loops - 1));
            if (Run(loop.Body, inner) == Flow.Break)
                break;
        }

        _loops--;
        if (items.Count == 0)
            Run(loop.Otherwise, new Scope(scope));
    }

    private Scope Inner(ForStatement loop, object? item, Scope scope)
    {
        budget.Step(loop.Line);
        var inner = new Scope(scope);
        var values = loop.Targets.Length == 1 ? [item] : Parts(item, loop.Targets.Length, loop.Line);
        for (var index = 0; index < values.Count; index++)
            inner.Set(loop.Targets[index], values[index]);
        return inner;
    }

    private IReadOnlyList<object?> Parts(object? value, int count, int line) =>
        Interpreter.Items(value, budget, line) is var parts && parts.Count == count
            ? parts
            : throw budget.Fault(line, $"{count} variables take {count} values, not {parts.Count}");

    private void Set(SetStatement set, object? value, Scope scope)
    {
        var values = set.Targets.Length == 1 ? [value] : Parts(value, set.Targets.Length, set.Line);
        for (var index = 0; index < values.Count; index++)
        {
            var (name, member) = set.Targets[index];
            if (member is null)
                scope.Set(name, values[index]);
            else if (scope.Get(name) is TemplateMap { IsNamespace: true } space)
                space.Set(member, values[index]);
            else
                throw budget.Fault(set.Line, $"'{name}' is no namespace, so that '{name}.{member}' cannot be set");
        }
    }

    private Flow RunBlock(BlockStatement block, Scope scope)
    {
        var inner = new Scope(scope);
        foreach (var (name, value) in block.Variables)
            inner.Set(name, _interpreter.Evaluate(value, scope));
        if (block.Filters.IsEmpty)
            return Run(block.Body, inner);
        var text = Filtered(block.Filters, Render(block.Body, inner), scope);
        Write(PythonText.Of(text, budget, block.Line), block.Line);
        return Flow.Next;
    }

    private object? Filtered(ImmutableArray<Filtered> filters, object? value, Scope scope) =>
        filters.Aggregate(value, (current, filter) => _interpreter.Filtered(filter, current, scope));

    private string Call(MacroStatement macro, Arguments given, Scope scope)
    {
        string[] names = [.. macro.Parameters.Select(parameter => parameter.Name)];
        given.Only(macro.Name, names);
        budget.Enter(given.Line);
        var inner = new Scope(scope);
        for (var index = 0; index < names.Length; index++)
        {
            var isGiven = index < given.Count || given.Named.ContainsKey(names[index]);
            inner.Set(
                names[index],
                isGiven ? given.Get(index, names[index])
                    : macro.Parameters[index].Default is { } otherwise ? _interpreter.Evaluate(otherwise, inner)
                    : new Undefined(names[index])
            );
        }

        var loops = _loops;
        _loops = 0;
        var text = Render(macro.Body, inner);
        _loops = loops;
        budget.Leave();
        return text;
    }
}
