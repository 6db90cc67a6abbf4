using System.Collections.Immutable;
using System.Globalization;

namespace OnnxIntervene.Templates.Syntax;

/// <summary>Reads Jinja's expressions, in its order of precedence (jinja2/parser.py).</summary>
internal sealed class ExpressionParser(TokenReader tokens)
{
    private static readonly string[] s_comparisons = ["==", "!=", "<=", ">=", "<", ">"];

    /// <summary>An expression, a choice by a condition among them.</summary>
    public Expression Read()
    {
        tokens.CheckDepth();
        var (line, value) = (tokens.Line, ReadOr());
        while (tokens.TryTakeName("if"))
        {
            var condition = ReadOr();
            value = new Conditional(line, condition, value, tokens.TryTakeName("else") ? Read() : null);
        }

        return value;
    }

    /// <summary>An expression that does not end with a condition: what a loop goes through.</summary>
    public Expression ReadWithoutCondition()
    {
        var (line, first) = (tokens.Line, ReadOr());
        return tokens.Next.Is(",") ? ReadList(line, first, ReadOr) : first;
    }

    /// <summary>An expression, or several with commas between them, which are a list.</summary>
    public Expression ReadTuple()
    {
        var (line, first) = (tokens.Line, Read());
        return tokens.Next.Is(",") ? ReadList(line, first, Read) : first;
    }

    /// <summary>What stands in parentheses after a name.</summary>
    public CallArguments ReadArguments()
    {
        tokens.Expect("(");
        var positional = ImmutableArray.CreateBuilder<Expression>();
        var named = ImmutableArray.CreateBuilder<(string, Expression)>();
        while (!tokens.TryTake(")"))
        {
            if (tokens.Next.Is("*") || tokens.Next.Is("**"))
                throw tokens.Fault($"{tokens.Next.Shown} before an argument is not supported");
            if (tokens.Next.Kind == TokenKind.Name && tokens.AfterNext.Is("="))
            {
                var name = tokens.Take().Text;
                tokens.Expect("=");
                named.Add((name, Read()));
            }
            else if (named.Count > 0)
            {
                throw tokens.Fault("an argument without a name stands after one with a name");
            }
            else
            {
                positional.Add(Read());
            }

            if (!tokens.Next.Is(")"))
                tokens.Expect(",");
        }

        return new CallArguments(positional.ToImmutable(), named.ToImmutable());
    }

    /// <summary>A filter after its bar; of what is said where.</summary>
    public Filtered ReadFilter(Expression? target)
    {
        var name = tokens.Expect(TokenKind.Name, "a filter");
        if (!KnownNames.Filters.Contains(name.Text))
            throw tokens.Fault(
                $"the filter '{name.Text}' is not known; the filters are "
                    + string.Join(", ", KnownNames.Filters.Order())
            );
        return new Filtered(name.Line, target, name.Text, tokens.Next.Is("(") ? ReadArguments() : CallArguments.None);
    }

    private ListExpression ReadList(int line, Expression first, Func<Expression> item)
    {
        var items = ImmutableArray.CreateBuilder<Expression>();
        items.Add(first);
        while (tokens.TryTake(","))
        {
            if (tokens.Next.Is(")") || tokens.Next.Kind is TokenKind.ClosesOutput or TokenKind.ClosesStatement)
                break;
            items.Add(item());
        }

        return new ListExpression(line, items.ToImmutable(), IsTuple: true);
    }

    private Expression ReadOr()
    {
        var left = ReadAnd();
        while (tokens.Next.IsName("or"))
            left = new Binary(tokens.Take().Line, "or", left, ReadAnd());
        return left;
    }

    private Expression ReadAnd()
    {
        var left = ReadNot();
        while (tokens.Next.IsName("and"))
            left = new Binary(tokens.Take().Line, "and", left, ReadNot());
        return left;
    }

    private Expression ReadNot()
    {
        if (!tokens.Next.IsName("not"))
            return ReadComparison();
        tokens.CheckDepth();
        return new Unary(tokens.Take().Line, "not", ReadNot());
    }

    private Expression ReadComparison()
    {
        var (line, first) = (tokens.Line, ReadSum());
        var others = ImmutableArray.CreateBuilder<(string, Expression)>();
        while (ComparisonOperator() is { } symbol)
            others.Add((symbol, ReadSum()));
        return others.Count == 0 ? first : new Comparison(line, first, others.ToImmutable());
    }

    private string? ComparisonOperator()
    {
        if (tokens.TryTakeName("in"))
            return "in";
        if (tokens.Next.IsName("not") && tokens.AfterNext.IsName("in"))
        {
            tokens.Take();
            tokens.Take();
            return "not in";
        }

        return Array.Find(s_comparisons, tokens.TryTake);
    }

    private Expression ReadSum() => ReadBinary(["+", "-"], ReadConcatenation);

    private Expression ReadConcatenation() => ReadBinary(["~"], ReadProduct);

    private Expression ReadProduct() => ReadBinary(["*", "/", "//", "%"], ReadPower);

    private Expression ReadPower() => ReadBinary(["**"], () => ReadUnary(withFilters: true));

    private Expression ReadBinary(string[] symbols, Func<Expression> operand)
    {
        var left = operand();
        while (Array.Exists(symbols, tokens.Next.Is))
        {
            var symbol = tokens.Take();
            left = new Binary(symbol.Line, symbol.Text, left, operand());
        }

        return left;
    }

    private Expression ReadUnary(bool withFilters)
    {
        tokens.CheckDepth();
        var value =
            tokens.Next.Is("-") || tokens.Next.Is("+")
                ? new Unary(tokens.Line, tokens.Take().Text, ReadUnary(withFilters: false))
                : ReadPrimary();
        value = ReadPostfix(value);
        while (withFilters)
        {
            if (tokens.TryTake("|"))
                value = ReadFilter(value);
            else if (tokens.Next.IsName("is"))
                value = ReadTest(value);
            else if (tokens.Next.Is("("))
                value = new Call(tokens.Line, value, ReadArguments());
            else
                break;
        }

        return value;
    }

    private Expression ReadTest(Expression target)
    {
        var line = tokens.Take().Line;
        var isNegated = tokens.TryTakeName("not");
        var name = tokens.Expect(TokenKind.Name, "a test").Text;
        if (!KnownNames.Tests.Contains(name))
            throw tokens.Fault(
                $"the test '{name}' is not known; the tests are {string.Join(", ", KnownNames.Tests.Order())}"
            );
        var next = tokens.Next;
        var hasOperand =
            next.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float
            || next.Is("[")
            || next.Is("{")
            || (
                next.Kind == TokenKind.Name
                && next.Text is not ("else" or "or" or "and" or "is" or "if" or "not" or "in")
            );
        var arguments =
            next.Is("(") ? ReadArguments()
            : hasOperand ? new CallArguments([ReadPostfix(ReadPrimary())], [])
            : CallArguments.None;
        var test = new Tested(line, target, name, arguments);
        return isNegated ? new Unary(line, "not", test) : test;
    }

    private Expression ReadPostfix(Expression value)
    {
        while (true)
        {
            var line = tokens.Line;
            if (tokens.TryTake("."))
                value =
                    tokens.Next.Kind == TokenKind.Integer
                        ? new Subscript(line, value, ReadPrimary())
                        : new Member(line, value, tokens.Expect(TokenKind.Name, "a name").Text);
            else if (tokens.TryTake("["))
                value = ReadSubscript(line, value);
            else if (tokens.Next.Is("("))
                value = new Call(line, value, ReadArguments());
            else
                return value;
        }
    }

    private Expression ReadSubscript(int line, Expression target)
    {
        var start = tokens.Next.Is(":") ? null : Read();
        if (start is not null && tokens.TryTake("]"))
            return new Subscript(line, target, start);
        tokens.Expect(":");
        var stop = tokens.Next.Is(":") || tokens.Next.Is("]") ? null : Read();
        var step = tokens.TryTake(":") && !tokens.Next.Is("]") ? Read() : null;
        tokens.Expect("]");
        return new Slice(line, target, start, stop, step);
    }

    private Expression ReadPrimary()
    {
        var token = tokens.Take();
        return token.Kind switch
        {
            TokenKind.Name => Named(token),
            TokenKind.String => new Literal(token.Line, ReadStrings(token.Text)),
            TokenKind.Integer => new Literal(token.Line, Integer(token)),
            TokenKind.Float => new Literal(token.Line, double.Parse(Digits(token), CultureInfo.InvariantCulture)),
            TokenKind.Operator when token.Text == "(" => ReadParenthesis(token.Line),
            TokenKind.Operator when token.Text == "[" => new ListExpression(
                token.Line,
                ReadItems("]", Read),
                IsTuple: false
            ),
            TokenKind.Operator when token.Text == "{" => new MapExpression(token.Line, ReadItems("}", ReadEntry)),
            _ => throw tokens.Fault($"a value is expected, not {token.Shown}"),
        };
    }

    private static Expression Named(TemplateToken token) =>
        token.Text switch
        {
            "true" or "True" => new Literal(token.Line, true),
            "false" or "False" => new Literal(token.Line, false),
            "none" or "None" => new Literal(token.Line, null),
            _ => new Variable(token.Line, token.Text),
        };

    // Texts beside each other are one.
    private string ReadStrings(string text)
    {
        while (tokens.Next.Kind == TokenKind.String)
            text += tokens.Take().Text;
        return text;
    }

    private long Integer(TemplateToken token) =>
        long.TryParse(Digits(token), CultureInfo.InvariantCulture, out var number)
            ? number
            : throw tokens.Fault($"the number '{token.Text}' is too large");

    private static string Digits(TemplateToken token) => token.Text.Replace("_", "", StringComparison.Ordinal);

    private Expression ReadParenthesis(int line)
    {
        if (tokens.TryTake(")"))
            return new ListExpression(line, [], IsTuple: true);
        var value = ReadTuple();
        tokens.Expect(")");
        return value;
    }

    private (Expression Key, Expression Value) ReadEntry()
    {
        var key = Read();
        tokens.Expect(":");
        return (key, Read());
    }

    private ImmutableArray<T> ReadItems<T>(string end, Func<T> read)
    {
        var items = ImmutableArray.CreateBuilder<T>();
        while (!tokens.TryTake(end))
        {
            items.Add(read());
            if (!tokens.Next.Is(end))
                tokens.Expect(",");
        }

        return items.ToImmutable();
    }
}
