using CsCheck;
using OnnxIntervene.IR;
using OnnxIntervene.Templates;

namespace OnnxIntervene.Tests.Templates;

/// <summary>Whatever a template says, it ends: in text, or in a documented exception.</summary>
public sealed class HostileTemplateTests
{
    private static readonly string[] s_parts =
    [
        .. """
            {{| }}|{% | %}|{%- | -%}|{# | #}|if |for |x |in |messages|endif|endfor|set |= |[|]|(|)|'a'|1|2.5|.|is |else|~|+|-|*
            """.Split('|'),
        .. "//|**|%|\n|length|defined|loop|.role|{|}|:|,|not |macro |endmacro|trim|range(3)|none|raw".Split('|'),
        "|",
    ];

    [TestCase("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "steps")]
    [TestCase("{{ 'a' * 1000000000 }}", "characters")]
    [TestCase("{{ 'a' * 9223372036854775807 }}", "characters")]
    [TestCase(
        "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "characters"
    )]
    [TestCase(
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
        "characters"
    )]
    [TestCase(
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x|tojson }}",
        "characters"
    )]
    [TestCase(
        "{% set n = namespace(x=1, y=1) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}"
            + "{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}",
        "steps"
    )]
    [TestCase(
        "{% set n = namespace(x=1) %}{% for i in range(99999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}",
        "nested too deeply"
    )]
    [TestCase("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "50 deep")]
    [TestCase("{{ range(1000000) }}", "at most 100000")]
    [TestCase("{{ ('x' * 1000000).replace('x', 'y' * 1000) }}", "characters")]
    [TestCase("{{ ('x' * 100000)|list|map('string')|join('y' * 1000) }}", "characters")]
    [TestCase("{{ 2 ** 9223372036854775807 }}", "beyond 64 bits")]
    public void A_template_that_takes_too_much_is_ended(string template, string message) =>
        Assert.That(
            () => ChatTemplate.Parse(template).Render([]),
            Throws.TypeOf<InterventionException>().With.Message.Contains(message)
        );

    [TestCase("{{ (range(20000)|list)|string|length }}", "128890")]
    [TestCase("{{ range(20000)|list == range(20000)|list }}", "True")]
    [TestCase("{{ (range(20000)|list)|tojson|length }}", "128890")]
    public void What_stands_side_by_side_is_not_nested(string template, string expected) =>
        Assert.That(ChatTemplate.Parse(template).Render([]), Is.EqualTo(expected));

    // Python takes a comma for no part of a number.
    [TestCase("{{ '1,5'|float }} {{ '1,000'|int }} {{ '1,000.5'|int(7) }}", "0.0 0 7")]
    public void A_comma_makes_a_text_no_number(string template, string expected) =>
        Assert.That(ChatTemplate.Parse(template).Render([]), Is.EqualTo(expected));

    [Test]
    public void A_namespace_in_itself_is_written() =>
        Assert.That(
            ChatTemplate.Parse("{% set n = namespace() %}{% set n.n = n %}{{ [n] }}{{ n == n }}").Render([]),
            Is.EqualTo("[<namespace>]True")
        );

    [TestCase("(")]
    [TestCase("[")]
    [TestCase("not ")]
    [TestCase("-")]
    [TestCase("a if ")]
    public void A_template_that_is_nested_deeply_is_refused(string part) =>
        Assert.That(
            () => ChatTemplate.Parse("{{ " + string.Concat(Enumerable.Repeat(part, 100_000)) + " }}"),
            Throws.TypeOf<ModelFormatException>()
        );

    [Test]
    public void A_long_sum_is_a_fault_not_a_crash() =>
        Assert.That(
            () => ChatTemplate.Parse("{{ 1" + string.Concat(Enumerable.Repeat(" + 1", 100_000)) + " }}").Render([]),
            Throws.TypeOf<InterventionException>().With.Message.Contains("nested too deeply")
        );

    [Test]
    public void Any_text_is_rendered_or_refused() =>
        Gen.Int[0, s_parts.Length - 1]
            .List[0, 25]
            .Sample(
                parts =>
                {
                    try
                    {
                        var template = string.Concat(parts.Select(part => s_parts[part]));
                        return ChatTemplate.Parse(template).Render([new("user", "hi")]) is not null;
                    }
                    catch (Exception fault) when (fault is ModelFormatException or InterventionException)
                    {
                        return true;
                    }
                },
                iter: 5000
            );
}
