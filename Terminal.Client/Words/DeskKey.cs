namespace Lakala.Terminal.Client.Words;

/// <summary>The keys that the clerk's screen knows, and shows by name.</summary>
internal enum DeskKey
{
    Sign,
    Enter,
    Back,
    Escape,
    Up,
    Down,
    PageUp,
    PageDown,
    Receipts,
    CloseBatch,
    SignOff,
    Language,
    Leave,
    Tab,

    /// <summary>Any other. A hand means nothing by it; readers put some around what they type.</summary>
    Other,
}
