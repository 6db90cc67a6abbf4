using System.Globalization;
using System.Text;

namespace OnnxIntervene.IR;

/// <summary>Writes a model as text: equal models have the same text, wherever their weights are.</summary>
public static class GraphPrinter
{
    /// <summary>The whole model. O(nodes); weights are not read, small inline constants are shown.</summary>
    public static string Print(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"model ir {model.IrVersion}\n");
        foreach (var (domain, version) in model.OperatorSets)
            text.Append(CultureInfo.InvariantCulture, $"opset '{domain}' {version}\n");
        PrintMetadata(text, model.Metadata, "");
        PrintGraph(text, model.Graph, "");
        foreach (var function in model.Functions)
            PrintFunction(text, function);
        return text.ToString();
    }

    /// <summary>One graph with its subgraphs.</summary>
    public static string Print(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        var text = new StringBuilder();
        PrintGraph(text, graph, "");
        return text.ToString();
    }

    private static void PrintFunction(StringBuilder text, LocalFunction function)
    {
        text.Append(CultureInfo.InvariantCulture, $"function {function.Key} {function.Overload}");
        text.Append(CultureInfo.InvariantCulture, $"<{string.Join(", ", function.RequiredAttributes)}>\n");
        foreach (var (domain, version) in function.OperatorSets)
            text.Append(CultureInfo.InvariantCulture, $"  opset '{domain}' {version}\n");
        foreach (var attribute in function.DefaultAttributes)
            text.Append(CultureInfo.InvariantCulture, $"  default {attribute}\n");
        PrintMetadata(text, function.Metadata, "  ");
        PrintGraph(text, function.Body, "  ");
    }

    private static void PrintGraph(StringBuilder text, Graph graph, string indent)
    {
        text.Append(CultureInfo.InvariantCulture, $"{indent}graph '{graph.Name}'\n");
        PrintMetadata(text, graph.Metadata, indent + "  ");
        foreach (var input in graph.Inputs)
            text.Append(CultureInfo.InvariantCulture, $"{indent}  input {input}\n");
        foreach (var value in graph.Initializers)
            text.Append(CultureInfo.InvariantCulture, $"{indent}  initializer {value}{Contents(value)}\n");
        foreach (var node in graph.Nodes)
            PrintNode(text, node, indent + "  ");
        foreach (var output in graph.Outputs)
            text.Append(CultureInfo.InvariantCulture, $"{indent}  output {output}\n");
    }

    private static void PrintNode(StringBuilder text, Node node, string indent)
    {
        var outputs = string.Join(", ", node.Outputs.Select(output => output?.ToString() ?? "_"));
        var inputs = string.Join(", ", node.Inputs.Select(input => input is null ? "_" : $"'{input.Name}'"));
        var attributes = node.Attributes.Count == 0 ? "" : $" {{{string.Join(", ", node.Attributes)}}}";
        text.Append(
            CultureInfo.InvariantCulture,
            $"{indent}{outputs} = {node.Operator}({inputs}){attributes} \"{node.Name}\"\n"
        );
        PrintMetadata(text, node.Metadata, indent + "  ");
        foreach (var subgraph in node.Subgraphs)
            PrintGraph(text, subgraph, indent + "  ");
    }

    private static void PrintMetadata(
        StringBuilder text,
        IEnumerable<KeyValuePair<string, string>> metadata,
        string indent
    )
    {
        foreach (var (key, content) in metadata)
            text.Append(
                CultureInfo.InvariantCulture,
                $"{indent}note '{key}' = '{content.ReplaceLineEndings("\\n")}'\n"
            );
    }

    private static string Contents(Value value)
    {
        if (value.SparseInitializer is { } sparse)
            return $" {sparse}";
        return
            value.Initializer is { Span: null, ElementType: ElementType.Int64 or ElementType.Int32, Count: <= 16 } data
            ? $" = [{string.Join(", ", data.ReadIntegers())}]"
            : "";
    }
}
