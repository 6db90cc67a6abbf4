namespace OnnxIntervene.Reports;

/// <summary>The kinds of files that a report is written as.</summary>
[Flags]
public enum ReportFormats
{
    /// <summary>No file.</summary>
    None = 0,

    /// <summary>One page with all of it.</summary>
    Html = 1,

    /// <summary>A picture of each figure, of pixels.</summary>
    Png = 1 << 1,

    /// <summary>A picture of each figure, of shapes, for pages.</summary>
    Svg = 1 << 2,

    /// <summary>A picture of each figure, of shapes, for papers.</summary>
    Pdf = 1 << 3,

    /// <summary>A table of each figure's numbers, as text.</summary>
    Csv = 1 << 4,

    /// <summary>A table of each figure's numbers, with types (Apache Parquet).</summary>
    Parquet = 1 << 5,

    /// <summary>The whole result.</summary>
    Json = 1 << 6,

    /// <summary>All figures' numbers as tensors of 32-bit floats, in one file.</summary>
    Safetensors = 1 << 7,

    /// <summary>What is written where nothing else is asked for.</summary>
    Usual = Html | Png | Csv | Json,

    /// <summary>All of them.</summary>
    All = Usual | Svg | Pdf | Parquet | Safetensors,
}
