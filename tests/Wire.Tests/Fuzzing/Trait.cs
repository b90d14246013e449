namespace Lakala.Wire.Tests.Fuzzing;

internal enum TraitKind
{
    /// <summary>How many frames the stream holds, and whether something is left behind them.</summary>
    Stream,

    /// <summary>The frame or the codec refuses: field and reason.</summary>
    Refused,

    /// <summary>What one reader makes of a message: read, or refused by field and reason.</summary>
    Reading,

    /// <summary>The same of a message that the reader is not meant for. Leads the search, but is not kept.</summary>
    Foreign,

    /// <summary>A content that a reader takes another way for: an enquiry, a whole card, a PIN that opens.</summary>
    Content,

    /// <summary>Two fields in one message. Leads the search, but there are too many for the kept corpus.</summary>
    Pair,
}

/// <summary>One thing that the code under test did with an input. An input that shows a new one is worth changing further.</summary>
/// <param name="Mti">Index of the message type among those in use, or the one after them for any other.</param>
internal readonly record struct Trait(TraitKind Kind, int Mti, int What, int Detail = 0)
{
    public bool IsKept => Kind is not (TraitKind.Foreign or TraitKind.Pair);
}

/// <summary>The code under test did what it must not do.</summary>
internal sealed class FuzzFailure(string what, Exception? inner = null) : Exception(what, inner);
