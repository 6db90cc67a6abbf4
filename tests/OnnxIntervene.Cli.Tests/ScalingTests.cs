using System.Text.Json;
using OnnxIntervene.Testing;

namespace OnnxIntervene.Cli.Tests;

/// <summary>docs/scaling.md says what the command prints.</summary>
public sealed class ScalingTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(RepositoryPaths.Root, "docs", "scaling.md"));

    private static readonly string[] s_patch =
    [
        "patch",
        "--clean",
        "A young salmon is called a",
        "--corrupt",
        "A young elephant is called a",
        "--answer",
        " fry",
        "--wrong",
        " calf",
        "--explain",
    ];

    [Test]
    public void The_worked_example_is_what_explain_prints()
    {
        var (output, _) = Command.Invoke(s_patch);

        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[..6] != "method");
        Assert.That(lines.ToList(), Has.Count.EqualTo(5));
        Assert.That(lines.Where(line => !s_page.Contains(line, StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Its_formulas_give_the_plans_own_numbers()
    {
        var (output, _) = Command.Invoke([.. s_patch, "--json"]);

        Assert.That(output, Does.Contain("\"memory\": 1959936").And.Contain("\"share\": 0.07383544921875"));
        Assert.That(139_359_744.0 / 1_887_436_800, Is.EqualTo(0.07383544921875));
        Assert.That(
            s_page,
            Does.Contain("1{,}959{,}936").And.Contain("139{,}359{,}744").And.Contain("1{,}887{,}436{,}800")
        );
    }

    [Test]
    public void Little_memory_makes_more_runs()
    {
        var (output, _) = Command.Invoke([.. s_patch, "--json", "--memory", "200K"]);

        var plan = JsonDocument.Parse(output).RootElement;
        Assert.That(plan.GetProperty("rows").GetInt32(), Is.EqualTo(36));
        Assert.That(plan.GetProperty("runs").GetInt32(), Is.GreaterThan(20));
        Assert.That(plan.GetProperty("share").GetDouble(), Is.InRange(0.0739, 0.09));
    }
}
