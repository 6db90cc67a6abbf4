namespace OnnxIntervene.Templates.Syntax;

/// <summary>What a token of a template is.</summary>
internal enum TokenKind
{
    /// <summary>Text outside of tags.</summary>
    Text,
    OpensOutput,
    ClosesOutput,
    OpensStatement,
    ClosesStatement,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}

/// <summary>A token of a template, and its line from 1 on.</summary>
internal readonly record struct TemplateToken(TokenKind Kind, string Text, int Line)
{
    /// <summary>Whether this is an operator.</summary>
    public bool Is(string symbol) => Kind == TokenKind.Operator && Text == symbol;

    /// <summary>Whether this is a word.</summary>
    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    /// <summary>The token as messages show it.</summary>
    public string Shown =>
        Kind switch
        {
            TokenKind.End => "the end",
            TokenKind.ClosesOutput => "'}}'",
            TokenKind.ClosesStatement => "'%}'",
            TokenKind.Text => "text",
            _ => $"'{Text}'",
        };
}
