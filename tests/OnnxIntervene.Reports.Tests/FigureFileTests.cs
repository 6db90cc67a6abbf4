using System.Text;
using System.Text.Json;
using OnnxIntervene.Formats;
using Parquet;
using UglyToad.PdfPig;

namespace OnnxIntervene.Reports.Tests;

/// <summary>Files of figures as other programs read them.</summary>
public sealed class FigureFileTests
{
    [Test]
    public void A_PDF_is_one_page_of_text_and_shapes_with_the_font_inside()
    {
        var bytes = FigurePdf.Render(SampleReports.Patched());

        using var document = PdfDocument.Open(bytes);
        var page = document.GetPage(1);
        var words = string.Concat(page.Letters.Select(letter => letter.Value));

        Assert.That(Encoding.ASCII.GetString(bytes[..5]), Is.EqualTo("%PDF-"));
        Assert.That(document.NumberOfPages, Is.EqualTo(1));
        Assert.That(words, Does.Contain("<|endoftext|>").And.Contain("store").And.Contain("Layer"));
        Assert.That(page.Letters.Select(letter => letter.FontName).Distinct(), Has.All.Contains("DejaVuSans"));
        Assert.That(page.GetImages(), Is.Empty);
        Assert.That(document.Information.Title, Is.EqualTo(SampleReports.Patched().Title));
    }

    [Test]
    public async Task Parquet_holds_the_table_with_types()
    {
        var heatmap = SampleReports.Patched();
        using var stream = new MemoryStream(FigureParquet.Render(heatmap));
        await using var reader = await ParquetReader.CreateAsync(stream);
        using var group = reader.OpenRowGroupReader(0);
        var fields = reader.Schema.DataFields;
        var (tokens, layers) = (new string?[180], new int[180]);
        var (values, errors) = (new double[180], new double[180]);
        await group.ReadAsync(fields[1], tokens.AsMemory());
        await group.ReadAsync<int>(fields[2], layers.AsMemory());
        await group.ReadAsync<double>(fields[4], values.AsMemory());
        await group.ReadAsync<double>(fields[5], errors.AsMemory());

        Assert.That(
            string.Join(' ', fields.Select(field => field.Name)),
            Is.EqualTo("token_index token layer_index layer normalised logit difference standard_error count")
        );
        Assert.That((tokens[^1], layers[^1]), Is.EqualTo((" to", 11)));
        Assert.That(reader.CustomMetadata["title"], Is.EqualTo(heatmap.Title));
        Assert.That(values, Is.EqualTo(heatmap.Values));
        Assert.That(errors, Is.EqualTo(heatmap.Errors));
    }

    [Test]
    public void Tensors_hold_every_figure_and_the_metadata_their_axes()
    {
        var folder = Directory.CreateTempSubdirectory("tensors-").FullName;
        try
        {
            ReportWriter.Write(folder, "r", SampleReports.Realistic(), ReportFormats.Safetensors);
            var path = Path.Combine(folder, "r.safetensors");
            var file = SafetensorsFile.Open(path);

            Assert.That(
                file.Names,
                Is.EqualTo(
                    new[]
                    {
                        "attention",
                        "attention-heads",
                        "graph",
                        "heads",
                        "layers",
                        "layers.count",
                        "layers.standard_error",
                        "normalized",
                        "normalized.count",
                        "normalized.standard_error",
                    }
                )
            );
            Assert.That(file.Shape("heads"), Is.EqualTo(new[] { 2, 4, 15, 12 }));
            Assert.That(file.Shape("attention"), Is.EqualTo(new[] { 144, 15, 15 }));
            var values = file.Read("heads").Floats[(6 * 180)..(7 * 180)].ToArray();
            Assert.That(values, Is.EqualTo(SampleReports.Heads().Slices[6].Values));
            Assert.That(Axes(path, "heads")[0].GetProperty("labels")[1].GetString(), Is.EqualTo("probability"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void A_stack_is_one_table_with_a_column_for_each_choice()
    {
        var stack = SampleReports.Heads();
        var lines = FigureCsv.Render(stack).Split("\r\n");

        Assert.That(lines[0], Is.EqualTo("metric,head,token_index,token,layer_index,layer,value"));
        Assert.That(lines, Has.Length.EqualTo(1 + (8 * 180) + 1));
        Assert.That(lines[1 + (5 * 180)], Is.EqualTo($"probability,1,0,<|endoftext|>,0,0,{stack.Slices[5][0, 0]:R}"));
    }

    [Test]
    public void Lines_are_one_table_with_their_names()
    {
        var lines = FigureCsv.Render(SampleReports.Layers()).Split("\r\n");

        Assert.That(lines[0], Is.EqualTo("series,layer_index,layer,logit difference,standard_error,count"));
        Assert.That(lines[1 + 24 + 5], Does.StartWith("\"clean, head 9.9 removed\",5,5,NaN,0.1333"));
    }

    [Test]
    public void Patterns_are_one_table_by_layer_head_query_and_key()
    {
        var lines = FigureCsv.Render(SampleReports.Attention(2, 2)).Split("\r\n");

        Assert.That(lines[0], Is.EqualTo("layer,head,query_index,query,key_index,key,attention"));
        Assert.That(lines[1 + 225], Is.EqualTo("0,1,0,<|endoftext|>,0,<|endoftext|>,1"));
        Assert.That(lines, Has.Length.EqualTo(1 + (4 * 225) + 1));
    }

    [Test]
    public void Columns_of_one_name_are_told_apart()
    {
        var heatmap = SampleHeatmaps.Create(1, 1) with { ValueLabel = "layer" };

        Assert.That(FigureCsv.Render(heatmap), Does.StartWith("token_index,token,layer_index,layer,layer_2\r\n"));
    }

    private static JsonElement Axes(string path, string name)
    {
        var bytes = File.ReadAllBytes(path);
        var header = Encoding.UTF8.GetString(bytes, 8, (int)BitConverter.ToInt64(bytes));
        var metadata = JsonDocument.Parse(header).RootElement.GetProperty("__metadata__");
        return JsonDocument.Parse(metadata.GetProperty($"{name}.axes").GetString()!).RootElement;
    }
}
