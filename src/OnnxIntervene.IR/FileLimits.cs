namespace OnnxIntervene.IR;

/// <summary>How large the files may be that are read into memory as a whole.</summary>
internal static class FileLimits
{
    /// <summary>A file of JSON: a configuration, a component map, a tokenizer.</summary>
    public const long Json = 256L << 20;

    /// <summary>A file of lines: a vocabulary, a list of merges.</summary>
    public const long Text = 256L << 20;

    /// <summary>The header of a file of tensors.</summary>
    public const long Header = 100_000_000;
}
