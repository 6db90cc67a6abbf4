using System.Collections.Immutable;
using OnnxIntervene.Reports.Figures;

namespace OnnxIntervene.Reports.Tests;

/// <summary>Reports as the studies make them, with numbers from formulas.</summary>
internal static class SampleReports
{
    private static readonly ImmutableArray<string> s_tokens =
    [
        "<|endoftext|>",
        "When",
        " Mary",
        " and",
        " John",
        " went",
        " to",
        " the",
        " store",
        ",",
        " John",
        " gave",
        " a",
        " drink",
        " to",
    ];

    /// <summary>One figure of each kind.</summary>
    public static Report Realistic() =>
        new()
        {
            Title = "Activation patching of the residual stream, heads and MLPs: indirect object identification",
            Summary =
                "The base is the corrupt run; one component at one place at a time is taken from the clean run. "
                + "Normalised: 0 leaves the corrupt run as it is, 1 restores the clean one.",
            Warnings = ["The corrupt run's own answer is ' fry'; were the prompts or the answers exchanged?"],
            Facts =
            [
                new("model", "gpt2-small"),
                new("clean", "When Mary and John went to the store, John gave a drink to Mary"),
                new("clean logit difference", "3.127"),
                new("prompts", "64"),
            ],
            Heatmaps = [new("normalized", Patched())],
            Figures =
            [
                new("heads", Heads()),
                new("layers", Layers()),
                new("attention", Attention()),
                new("graph", Graph()),
            ],
            Tables =
            [
                new(
                    "Heads with the largest effect",
                    ["head", "effect", "standard error"],
                    [
                        ["9.9", "0.412", "0.021"],
                        ["10.0", "0.238", "0.018"],
                    ]
                ),
            ],
            Configuration = [new("component", "block_output"), new("layers", "0-11"), new("seed", "0")],
            Versions = [new("OnnxIntervene", "0.1.0"), new("ONNX Runtime", "1.31.1"), new(".NET", "10.0.1")],
            Json = """{"answer": " Mary"}""",
            Command = "onnx-intervene patch --clean \"When Mary and John went to the store\" --answer \" Mary\"",
        };

    /// <summary>The largest grid that a page must hold in two megabytes, three times.</summary>
    public static Report Large() =>
        Realistic() with
        {
            Heatmaps = [.. Enumerable.Range(0, 3).Select(index => new ReportHeatmap($"grid-{index}", Grid(index)))],
            Figures = [],
            Json = $"[{string.Join(',', Grid(0).Values.Concat(Grid(1).Values).Concat(Grid(2).Values))}]",
        };

    public static Heatmap Patched()
    {
        var values = Cells(s_tokens.Length, 12, (token, layer) => Effect(token, layer));
        return new()
        {
            Title = "Effect of patching the residual stream, by token and layer",
            RowLabels = s_tokens,
            ColumnLabels = Numbers(12),
            Values = values,
            Errors = [.. values.Select(value => 0.01 + Math.Abs(value / 16))],
            Counts = [.. values.Select(_ => 64)],
            RowAxis = "Token",
            ColumnAxis = "Layer",
            ValueLabel = "normalised logit difference",
            Scale = ColorScale.Diverging(1),
            EmphasizedRows = [2, 4, 10],
            Caption = "Mean over 64 prompts. Stars mark the names.",
        };
    }

    public static HeatmapStack Heads() =>
        new()
        {
            Title = "Effect of patching each head's output, by token and layer",
            Choices = [new("Metric", ["logit difference", "probability"]), new("Head", Numbers(4))],
            Slices =
            [
                .. Enumerable
                    .Range(0, 8)
                    .Select(slice =>
                        Patched() with
                        {
                            Title = $"Head {slice % 4}",
                            Values = Cells(15, 12, (token, layer) => Effect(token, layer) * Math.Sin(slice + layer)),
                            Errors = [],
                            Counts = [],
                            ValueLabel = slice < 4 ? "logits" : "probability",
                            Scale = slice < 4 ? ColorScale.Diverging(1) : ColorScale.Sequential(0, 1),
                        }
                    ),
            ],
        };

    public static LinePlot Layers() =>
        new()
        {
            Title = "Logit of the answer, read from the residual stream after each layer",
            Axis = "Layer",
            AxisLabels = Numbers(12),
            ValueLabel = "logit difference",
            Series =
            [
                Line("clean", layer => (layer * layer / 40.0) - 0.4),
                Line("corrupt", layer => 0.3 - (layer / 8.0)),
                Line("clean, head 9.9 removed", layer => layer == 5 ? double.NaN : layer / 7.0),
            ],
            Caption = "Bands: one standard error of the mean to each side, 64 prompts.",
        };

    public static AttentionPatterns Attention(int layers = 12, int heads = 12) =>
        new()
        {
            Title = "Attention patterns and induction scores of all heads",
            Tokens = s_tokens,
            Grid = new Heatmap
            {
                Title = "Induction score of each head",
                RowLabels = Numbers(layers),
                ColumnLabels = Numbers(heads),
                Values = Cells(layers, heads, (layer, head) => Math.Pow(Math.Sin((layer * 5) + (head * 3)), 8)),
                RowAxis = "Layer",
                ColumnAxis = "Head",
                ValueLabel = "induction score",
                Scale = ColorScale.Sequential(0, 1),
            },
            Patterns =
            [
                .. Enumerable
                    .Range(0, layers * heads)
                    .Select(index => new HeadPattern(index / heads, index % heads, Weights(index))),
            ],
        };

    private static Heatmap Grid(int seed) =>
        Patched() with
        {
            RowLabels = [.. Enumerable.Range(0, 100).Select(token => $" token{token}")],
            ColumnLabels = Numbers(48),
            Values = Cells(100, 48, (token, layer) => Math.Sin((token * 0.37) + (layer * 0.11) + seed)),
            Errors = Cells(100, 48, (token, layer) => 0.1 + (token / 1000.0)),
            Counts = [.. Enumerable.Repeat(64, 4800)],
        };

    private static LineSeries Line(string name, Func<int, double> value) =>
        new(name, [.. Enumerable.Range(0, 12).Select(value)])
        {
            Errors = [.. Enumerable.Range(0, 12).Select(layer => 0.05 + (layer / 60.0))],
            Counts = [.. Enumerable.Repeat(64, 12)],
        };

    // Softmax over what came before, sharp in some heads.
    private static ImmutableArray<float> Weights(int head) =>
        [
            .. Enumerable
                .Range(0, s_tokens.Length)
                .SelectMany(query =>
                {
                    var scores = Enumerable
                        .Range(0, s_tokens.Length)
                        .Select(key => key > query ? 0 : Math.Exp(3 * Math.Sin((head * key) + query)))
                        .ToList();
                    return scores.Select(score => (float)(score / scores.Sum()));
                }),
        ];

    // The subject early, the last token late.
    private static double Effect(int token, int layer) =>
        token == 10 ? Math.Exp(-Math.Pow(layer - 3, 2) / 12)
        : token == 14 ? 1 / (1 + Math.Exp(8 - layer))
        : -0.3 * Math.Exp(-Math.Pow(token - 4, 2)) * Math.Sin(layer);

    private static ImmutableArray<string> Numbers(int count) =>
        [.. Enumerable.Range(0, count).Select(number => $"{number}")];

    private static ImmutableArray<double> Cells(int rows, int columns, Func<int, int, double> value) =>
        [
            .. Enumerable
                .Range(0, rows)
                .SelectMany(row => Enumerable.Range(0, columns).Select(column => (double)(float)value(row, column))),
        ];

    /// <summary>A circuit of four nodes.</summary>
    public static NodeGraph Graph() =>
        new()
        {
            Title = "5 edges that keep 92.0 %",
            Caption = "Blue edges help, orange ones hinder.",
            Nodes = [new("embedding", 0), new("a0.1", 1), new("a0.3", 1), new("m0", 2), new("logits", int.MaxValue)],
            Edges =
            [
                new(0, 2, "query", -3.2),
                new(0, 2, "key", 0.4),
                new(2, 3, "", -2.5),
                new(0, 1, "value", 1.25),
                new(3, 4, "", -6),
            ],
            ValueLabel = "score",
        };
}
