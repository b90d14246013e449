namespace Lakala.Wire.Tests.Fuzzing;

internal enum TraitKind
{
    /// <summary>The number of frames in the stream, and whether bytes are left after them.</summary>
    Stream,

    /// <summary>The frame or the codec refuses: field and reason.</summary>
    Refused,

    /// <summary>The result of one reader: read, or refused by field and reason.</summary>
    Reading,

    /// <summary>The same for a message of another kind than the reader's. It guides the search, but is not kept.</summary>
    Foreign,

    /// <summary>A content that a reader handles differently: an enquiry, a whole card, a readable PIN.</summary>
    Content,

    /// <summary>Two fields in one message. It guides the search, but there are too many to keep.</summary>
    Pair,
}

/// <summary>One observed behaviour of the code under test. An input with a new trait is changed further.</summary>
/// <param name="Mti">Index of the message type among those in use, or the one after them for any other.</param>
internal readonly record struct Trait(TraitKind Kind, int Mti, int What, int Detail = 0)
{
    public bool IsKept => Kind is not (TraitKind.Foreign or TraitKind.Pair);
}

/// <summary>A check of the code under test has failed.</summary>
internal sealed class FuzzFailure(string what, Exception? inner = null) : Exception(what, inner);
