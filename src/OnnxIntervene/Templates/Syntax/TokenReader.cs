using System.Runtime.CompilerServices;

namespace OnnxIntervene.Templates.Syntax;

/// <summary>The tokens of a template, from the first to the last.</summary>
internal sealed class TokenReader(TemplateSource source)
{
    private readonly List<TemplateToken> _tokens = TemplateLexer.Read(source);
    private int _index;

    /// <summary>The next token.</summary>
    public TemplateToken Next => _tokens[_index];

    /// <summary>The token after the next.</summary>
    public TemplateToken AfterNext => _tokens[Math.Min(_index + 1, _tokens.Count - 1)];

    /// <summary>Its line.</summary>
    public int Line => Next.Line;

    /// <summary>Takes the next token.</summary>
    public TemplateToken Take() => _tokens[_index < _tokens.Count - 1 ? _index++ : _index];

    /// <summary>Takes the next token where it is this operator.</summary>
    public bool TryTake(string symbol)
    {
        if (!Next.Is(symbol))
            return false;
        Take();
        return true;
    }

    /// <summary>Takes the next token where it is this word.</summary>
    public bool TryTakeName(string name)
    {
        if (!Next.IsName(name))
            return false;
        Take();
        return true;
    }

    /// <summary>Takes an operator that must be there.</summary>
    public void Expect(string symbol)
    {
        if (!TryTake(symbol))
            throw Fault($"'{symbol}' is expected, not {Next.Shown}");
    }

    /// <summary>Takes a token of a kind that must be there.</summary>
    public TemplateToken Expect(TokenKind kind, string what) =>
        Next.Kind == kind ? Take() : throw Fault($"{what} is expected, not {Next.Shown}");

    /// <summary>The exception for the next token.</summary>
    public Exception Fault(string what) => source.Fault(Line, what);

    /// <summary>Refuses what is nested deeper than the machine's stack.</summary>
    public void CheckDepth()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Fault("the template is nested too deeply");
    }
}
