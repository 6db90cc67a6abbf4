using System.Collections.Immutable;

namespace OnnxIntervene.Templates.Syntax;

/// <summary>Reads Jinja's statements.</summary>
internal sealed class StatementParser
{
    private const string Known =
        "the statements are for, if, elif, else, set, macro, filter, with, break, continue, raw and generation";

    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private StatementParser(TemplateSource source)
    {
        _tokens = new TokenReader(source);
        _expressions = new ExpressionParser(_tokens);
    }

    /// <summary>The statements of a template.</summary>
    public static ImmutableArray<Statement> Read(TemplateSource source) => new StatementParser(source).ReadBody();

    // Up to a statement that ends the body, whose word is then the next token; or up to the end of the template.
    private ImmutableArray<Statement> ReadBody(params ReadOnlySpan<string> ends)
    {
        _tokens.CheckDepth();
        var body = ImmutableArray.CreateBuilder<Statement>();
        while (true)
        {
            var token = _tokens.Take();
            switch (token.Kind)
            {
                case TokenKind.End when ends.IsEmpty:
                    return body.ToImmutable();
                case TokenKind.End:
                    throw _tokens.Fault($"the template ends where '{ends[^1]}' is expected");
                case TokenKind.Text:
                    body.Add(new TextStatement(token.Line, token.Text));
                    break;
                case TokenKind.OpensOutput:
                    body.Add(new OutputStatement(token.Line, _expressions.ReadTuple()));
                    _tokens.Expect(TokenKind.ClosesOutput, "'}}'");
                    break;
                default:
                    if (_tokens.Next.Kind == TokenKind.Name && ends.Contains(_tokens.Next.Text))
                        return body.ToImmutable();
                    body.AddRange(ReadStatement());
                    break;
            }
        }
    }

    private ImmutableArray<Statement> ReadStatement()
    {
        var word = _tokens.Expect(TokenKind.Name, "a statement");
        return word.Text switch
        {
            "if" => [ReadIf(word.Line)],
            "for" => [ReadFor(word.Line)],
            "set" => [ReadSet(word.Line)],
            "macro" => [ReadMacro(word.Line)],
            "filter" => [ReadFilterBlock(word.Line)],
            "with" => [ReadWith(word.Line)],
            // Marks what the assistant said, for training.
            "generation" => [ReadGeneration(word.Line)],
            "break" or "continue" => [ReadControl(word)],
            _ => throw _tokens.Fault($"the statement '{word.Text}' is not known; {Known}"),
        };
    }

    private IfStatement ReadIf(int line)
    {
        var branches = ImmutableArray.CreateBuilder<(Expression?, ImmutableArray<Statement>)>();
        Expression? condition = _expressions.ReadTuple();
        while (true)
        {
            Close();
            string[] ends = condition is null ? ["endif"] : ["elif", "else", "endif"];
            branches.Add((condition, ReadBody(ends)));
            var word = _tokens.Take().Text;
            if (word == "endif")
                break;
            condition = word == "elif" ? _expressions.ReadTuple() : null;
        }

        Close();
        return new IfStatement(line, branches.ToImmutable());
    }

    private ForStatement ReadFor(int line)
    {
        var targets = ImmutableArray.CreateBuilder<string>();
        do
        {
            targets.Add(_tokens.Expect(TokenKind.Name, "a variable").Text);
        } while (_tokens.TryTake(","));
        if (!_tokens.TryTakeName("in"))
            throw _tokens.Fault($"'in' is expected, not {_tokens.Next.Shown}");
        var items = _expressions.ReadWithoutCondition();
        var condition = _tokens.TryTakeName("if") ? _expressions.Read() : null;
        if (_tokens.Next.IsName("recursive"))
            throw _tokens.Fault("a loop that calls itself is not supported");
        Close();
        _loops++;
        var body = ReadBody("else", "endfor");
        _loops--;
        ImmutableArray<Statement> otherwise = [];
        if (_tokens.Take().Text == "else")
        {
            Close();
            otherwise = ReadBody("endfor");
            _tokens.Take();
        }

        Close();
        return new ForStatement(line, targets.ToImmutable(), items, condition, body, otherwise);
    }

    private Statement ReadSet(int line)
    {
        var targets = ImmutableArray.CreateBuilder<(string, string?)>();
        do
        {
            var name = _tokens.Expect(TokenKind.Name, "a variable").Text;
            targets.Add((name, _tokens.TryTake(".") ? _tokens.Expect(TokenKind.Name, "a name").Text : null));
        } while (_tokens.TryTake(","));
        if (_tokens.TryTake("="))
        {
            var value = _expressions.ReadTuple();
            Close();
            return new SetStatement(line, targets.ToImmutable(), value);
        }

        if (targets is not [(var only, null)])
            throw _tokens.Fault($"'=' is expected, not {_tokens.Next.Shown}");
        var filters = ReadFilters();
        Close();
        return new SetBlock(line, only, filters, ReadTo("endset"));
    }

    private MacroStatement ReadMacro(int line)
    {
        var name = _tokens.Expect(TokenKind.Name, "a macro's name").Text;
        var parameters = ImmutableArray.CreateBuilder<(string, Expression?)>();
        _tokens.Expect("(");
        while (!_tokens.TryTake(")"))
        {
            var parameter = _tokens.Expect(TokenKind.Name, "a parameter").Text;
            parameters.Add((parameter, _tokens.TryTake("=") ? _expressions.Read() : null));
            if (!_tokens.Next.Is(")"))
                _tokens.Expect(",");
        }

        Close();
        var loops = _loops;
        _loops = 0;
        var body = ReadTo("endmacro");
        _loops = loops;
        return new MacroStatement(line, name, parameters.ToImmutable(), body);
    }

    private BlockStatement ReadFilterBlock(int line)
    {
        ImmutableArray<Filtered> filters = [_expressions.ReadFilter(null), .. ReadFilters()];
        Close();
        return new BlockStatement(line, [], filters, ReadTo("endfilter"));
    }

    private BlockStatement ReadWith(int line)
    {
        var variables = ImmutableArray.CreateBuilder<(string, Expression)>();
        while (_tokens.Next.Kind == TokenKind.Name)
        {
            var name = _tokens.Take().Text;
            _tokens.Expect("=");
            variables.Add((name, _expressions.Read()));
            if (!_tokens.TryTake(","))
                break;
        }

        Close();
        return new BlockStatement(line, variables.ToImmutable(), [], ReadTo("endwith"));
    }

    private BlockStatement ReadGeneration(int line)
    {
        Close();
        return new BlockStatement(line, [], [], ReadTo("endgeneration"));
    }

    private LoopControl ReadControl(TemplateToken word)
    {
        if (_loops == 0)
            throw _tokens.Fault($"'{word.Text}' stands outside of a loop");
        Close();
        return new LoopControl(word.Line, word.Text == "break");
    }

    private ImmutableArray<Filtered> ReadFilters()
    {
        var filters = ImmutableArray.CreateBuilder<Filtered>();
        while (_tokens.TryTake("|"))
            filters.Add(_expressions.ReadFilter(null));
        return filters.ToImmutable();
    }

    private ImmutableArray<Statement> ReadTo(string end)
    {
        var body = ReadBody(end);
        _tokens.Take();
        Close();
        return body;
    }

    private void Close() => _tokens.Expect(TokenKind.ClosesStatement, "'%}'");
}
