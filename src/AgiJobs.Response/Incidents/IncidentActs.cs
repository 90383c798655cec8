namespace AgiJobs.Response.Incidents;

/// <summary>The kinds of acts, which are also the types of the events: <c>incident.open</c>.</summary>
public static class IncidentActs
{
    /// <summary>Opens an incident, with its severity. Anybody on file may, at once.</summary>
    public const string Open = "open";

    /// <summary>Decides the severity anew, with the reason. Anybody may raise it; the commander lowers it.</summary>
    public const string Decide = "decide";

    /// <summary>Says what sort of incident it is.</summary>
    public const string Classify = "classify";

    /// <summary>Gives a role to a person.</summary>
    public const string Assign = "assign";

    /// <summary>Says something, and may name alerts, transactions and changes that belong to the incident.</summary>
    public const string Note = "note";

    /// <summary>Says which changes of the workspace caused the incident, or takes that back.</summary>
    public const string Cause = "cause";

    /// <summary>Says something on an entry of the timeline.</summary>
    public const string Annotate = "annotate";

    /// <summary>Puts a file into the archive.</summary>
    public const string Attach = "attach";

    /// <summary>Tells those outside the response how it stands.</summary>
    public const string Update = "update";

    /// <summary>Approves the wording of a public update that somebody else wrote.</summary>
    public const string ApproveUpdate = "approve-update";

    /// <summary>Marks a step of the core flow as done or skipped.</summary>
    public const string Mark = "mark";

    /// <summary>A responder's word that nothing is left for them to do.</summary>
    public const string SignOff = "sign-off";

    /// <summary>The commander's approval that the protocol resumes while the incident is open.</summary>
    public const string ApproveResume = "approve-resume";

    /// <summary>Gives the review an owner.</summary>
    public const string BeginReview = "begin-review";

    /// <summary>Approves the finished review, by its digest.</summary>
    public const string CompleteReview = "complete-review";

    /// <summary>Adds something to be done after the incident.</summary>
    public const string AddFollowUp = "add-follow-up";

    /// <summary>Says that it is done.</summary>
    public const string FinishFollowUp = "finish-follow-up";

    /// <summary>Closes the incident.</summary>
    public const string Close = "close";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Open, Decide, Classify, Assign, Note, Cause, Annotate, Attach, Update, ApproveUpdate, Mark, SignOff, ApproveResume, BeginReview, CompleteReview, AddFollowUp, FinishFollowUp, Close];
}
